//! The Merkle tree of RFC 6962, section 2.1, and its proofs (RFC 9162, section 2.1.3 and 2.1.4).

use std::fmt;

use aws_lc_rs::digest;

/// A SHA-256.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hash(pub [u8; 32]);

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

pub(super) fn sha256(parts: &[&[u8]]) -> Hash {
    let mut context = digest::Context::new(&digest::SHA256);
    parts.iter().for_each(|part| context.update(part));
    let mut hash = [0; 32];
    hash.copy_from_slice(context.finish().as_ref());
    Hash(hash)
}

/// The hash of an entry.
pub fn leaf_hash(entry: &[u8]) -> Hash {
    sha256(&[&[0], entry])
}

pub(super) fn node_hash(left: &Hash, right: &Hash) -> Hash {
    sha256(&[&[1], &left.0, &right.0])
}

/// A tree's right edge: enough to append and to know the root, whatever the tree's size.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Frontier {
    size: u64,
    /// Roots of the whole subtrees that the tree consists of, largest first: one for each bit of `size`.
    peaks: Vec<Hash>,
}

impl Frontier {
    /// How many entries the tree has.
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// Appends an entry by its hash.
    pub fn push(&mut self, leaf: Hash) {
        let mut node = leaf;
        // As many whole subtrees end here as the size has ones at its end.
        for _ in 0..self.size.trailing_ones() {
            if let Some(left) = self.peaks.pop() {
                node = node_hash(&left, &node);
            }
        }
        self.peaks.push(node);
        self.size += 1;
    }

    /// The root; of no entries, the hash of nothing.
    pub fn root(&self) -> Hash {
        let mut peaks = self.peaks.iter().rev();
        match peaks.next() {
            None => sha256(&[]),
            Some(last) => peaks.fold(*last, |right, left| node_hash(left, &right)),
        }
    }

    /// The hashes, one behind the other.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.peaks.iter().flat_map(|peak| peak.0).collect()
    }

    /// Reads what [`Frontier::to_bytes`] wrote for a tree of that size; `None` when it is not of that size.
    pub fn from_bytes(size: u64, bytes: &[u8]) -> Option<Self> {
        let (hashes, rest) = bytes.as_chunks::<32>();
        let fits = rest.is_empty() && hashes.len() == size.count_ones() as usize;
        fits.then(|| Frontier { size, peaks: hashes.iter().map(|hash| Hash(*hash)).collect() })
    }
}

/// The root over these entries' hashes.
pub fn root_of(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => sha256(&[]),
        [leaf] => *leaf,
        _ => {
            let (left, right) = leaves.split_at(split(leaves.len()));
            node_hash(&root_of(left), &root_of(right))
        }
    }
}

/// The largest power of two below `size`, which is at least 2.
fn split(size: usize) -> usize {
    1 << (usize::BITS - 1 - (size - 1).leading_zeros())
}

/// The hashes that lead from the entry at `index` to the root of the tree over `leaves`; `None` when it has no such entry.
pub fn inclusion_proof(leaves: &[Hash], index: usize) -> Option<Vec<Hash>> {
    if index >= leaves.len() {
        return None;
    }
    let (mut proof, mut leaves, mut index) = (Vec::new(), leaves, index);
    while leaves.len() > 1 {
        let (left, right) = leaves.split_at(split(leaves.len()));
        if index < left.len() {
            proof.push(root_of(right));
            leaves = left;
        } else {
            proof.push(root_of(left));
            index -= left.len();
            leaves = right;
        }
    }
    proof.reverse();
    Some(proof)
}

/// Whether an entry with that hash stands at `index` of the tree with that size and root.
pub fn verify_inclusion(leaf: &Hash, index: u64, size: u64, root: &Hash, proof: &[Hash]) -> bool {
    if index >= size {
        return false;
    }
    let (mut node, mut at, mut last) = (*leaf, index, size - 1);
    for step in proof {
        if last == 0 {
            return false;
        }
        if at & 1 == 1 || at == last {
            node = node_hash(step, &node);
            if at & 1 == 0 {
                while at & 1 == 0 && at != 0 {
                    at >>= 1;
                    last >>= 1;
                }
            }
        } else {
            node = node_hash(&node, step);
        }
        at >>= 1;
        last >>= 1;
    }
    last == 0 && node == *root
}

/// The hashes that show that the tree over the first `old` entries grew into the one over `leaves`; `None` when it is larger.
pub fn consistency_proof(leaves: &[Hash], old: usize) -> Option<Vec<Hash>> {
    fn part(leaves: &[Hash], old: usize, is_whole: bool, proof: &mut Vec<Hash>) {
        if old == leaves.len() {
            if !is_whole {
                proof.push(root_of(leaves));
            }
            return;
        }
        let (left, right) = leaves.split_at(split(leaves.len()));
        if old <= left.len() {
            part(left, old, is_whole, proof);
            proof.push(root_of(right));
        } else {
            part(right, old - left.len(), false, proof);
            proof.push(root_of(left));
        }
    }
    if old > leaves.len() {
        return None;
    }
    let mut proof = Vec::new();
    if old > 0 {
        part(leaves, old, true, &mut proof);
    }
    Some(proof)
}

/// Whether the tree with the first size and root grew into the one with the second.
pub fn verify_consistency(old: (u64, &Hash), new: (u64, &Hash), proof: &[Hash]) -> bool {
    let ((old_size, old_root), (new_size, new_root)) = (old, new);
    if old_size > new_size {
        return false;
    }
    if old_size == new_size {
        return proof.is_empty() && old_root == new_root;
    }
    if old_size == 0 {
        // Everything grew out of nothing.
        return proof.is_empty();
    }
    let mut steps = proof.iter();
    let (mut at, mut last) = (old_size - 1, new_size - 1);
    while at & 1 == 1 {
        at >>= 1;
        last >>= 1;
    }
    let first = if old_size.is_power_of_two() { Some(old_root) } else { steps.next() };
    let Some(first) = first else { return false };
    let (mut seen_old, mut seen_new) = (*first, *first);
    for step in steps {
        if last == 0 {
            return false;
        }
        if at & 1 == 1 || at == last {
            seen_old = node_hash(step, &seen_old);
            seen_new = node_hash(step, &seen_new);
            while at & 1 == 0 && at != 0 {
                at >>= 1;
                last >>= 1;
            }
        } else {
            seen_new = node_hash(&seen_new, step);
        }
        at >>= 1;
        last >>= 1;
    }
    last == 0 && seen_old == *old_root && seen_new == *new_root
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn leaves(count: usize) -> Vec<Hash> {
        (0..count).map(|at| leaf_hash(at.to_string().as_bytes())).collect()
    }

    /// Vectors of the reference implementation of RFC 6962 (`certificate-transparency/python/ct/crypto/merkle_test.py`).
    #[test]
    fn roots_of_the_reference() {
        let entries: [&[u8]; 8] = [
            b"",
            b"\x00",
            b"\x10",
            b"\x20\x21",
            b"\x30\x31",
            b"\x40\x41\x42\x43",
            b"\x50\x51\x52\x53\x54\x55\x56\x57",
            b"\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f",
        ];
        let roots = [
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
            "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
            "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
            "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
            "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
            "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
            "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
            "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
        ];
        let mut frontier = Frontier::default();
        for (size, root) in roots.iter().enumerate() {
            assert_eq!(frontier.root().to_string(), *root, "{size} entries");
            if let Some(entry) = entries.get(size) {
                frontier.push(leaf_hash(entry));
            }
        }
    }

    proptest! {
        #[test]
        fn what_is_in_can_be_proven(size in 1usize..70, index in 0usize..70, other in 0usize..70) {
            let leaves = leaves(size);
            let mut frontier = Frontier::default();
            leaves.iter().for_each(|leaf| frontier.push(*leaf));
            let root = root_of(&leaves);
            prop_assert_eq!(frontier.root(), root);
            prop_assert_eq!(Frontier::from_bytes(size as u64, &frontier.to_bytes()), Some(frontier));
            let Some(proof) = inclusion_proof(&leaves, index) else {
                prop_assert!(index >= size);
                return Ok(());
            };
            let holds = |leaf: usize, at: usize, proof: &[Hash]| {
                verify_inclusion(&leaf_hash(leaf.to_string().as_bytes()), at as u64, size as u64, &root, proof)
            };
            prop_assert!(holds(index, index, &proof));
            prop_assert_eq!(holds(other, index, &proof), other == index);
            prop_assert_eq!(holds(index, other, &proof), other == index);
            let longer: Vec<Hash> = proof.iter().copied().chain([root]).collect();
            prop_assert!(!holds(index, index, &longer));
        }

        #[test]
        fn growth_can_be_proven(size in 0usize..70, old in 0usize..70, forged in 0usize..70) {
            let leaves = leaves(size);
            let Some(proof) = consistency_proof(&leaves, old) else {
                prop_assert!(old > size);
                return Ok(());
            };
            let (new, before) = (root_of(&leaves), root_of(&leaves[..old]));
            prop_assert!(verify_consistency((old as u64, &before), (size as u64, &new), &proof));
            // A past that was another is not the past.
            if forged < old {
                let mut past = leaves[..old].to_vec();
                past[forged] = leaf_hash(b"forged");
                prop_assert!(!verify_consistency((old as u64, &root_of(&past)), (size as u64, &new), &proof));
            }
        }
    }
}
