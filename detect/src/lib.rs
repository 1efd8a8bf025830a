//! Events in, detections out: indicators by the million and Sigma rules.
