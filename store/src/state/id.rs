//! Ids of 16 random bytes, written as 32 hexadecimal digits.

/// Makes a type of such ids.
macro_rules! random_id {
    ($(#[$about:meta])* $name:ident) => {
        $(#[$about])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name([u8; 16]);

        impl $name {
            /// A new one.
            ///
            /// # Errors
            /// When the system gives no random numbers.
            pub fn random() -> Result<Self, $crate::state::StateError> {
                let mut id = [0; 16];
                aws_lc_rs::rand::fill(&mut id).map_err(|_| $crate::state::StateError::NoRandomness)?;
                Ok($name(id))
            }

            /// Its bytes.
            pub const fn as_bytes(&self) -> &[u8; 16] {
                &self.0
            }

            /// Reads the digits.
            pub fn parse(text: &str) -> Option<Self> {
                let is_hex = text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
                is_hex.then(|| u128::from_str_radix(text, 16).ok().map(|number| $name(number.to_be_bytes())))?
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, "{:032x}", u128::from_be_bytes(self.0))
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self)
            }
        }
    };
}

pub(super) use random_id;

#[cfg(test)]
mod tests {
    use crate::state::JobId as TestId;

    #[test]
    fn ids_are_read_back() {
        let id = TestId::random().unwrap();
        assert_eq!(TestId::parse(&id.to_string()), Some(id));
        assert_eq!(TestId::parse(&"0".repeat(32)).unwrap().as_bytes(), &[0; 16]);
        assert!(format!("{id:?}").starts_with("JobId("));
        for text in ["", "0", &"g".repeat(32), &"0".repeat(33)] {
            assert_eq!(TestId::parse(text), None);
        }
    }
}
