//! Every operation of Watchbell, in flow order.
