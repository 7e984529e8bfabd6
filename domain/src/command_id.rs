//! Ids of commands that follow from something: the same cause and name give the same id, so a repeat is recognised.

use sha2::{Digest, Sha256};
use uuid::{Builder, Uuid, Variant, Version};

/// The id of the command called `name` that `cause` gives rise to.
///
/// A UUIDv8: the first 48 bits are those of `cause` (its time, if it is a UUIDv7), so that ids of commands that come
/// together stand together in an index; the rest is a SHA-256 of both.
pub fn derived(cause: Uuid, name: &str) -> Uuid {
    let digest = Sha256::new().chain_update(cause.as_bytes()).chain_update(name.as_bytes()).finalize();
    let mut bytes = [0; 16];
    bytes[..6].copy_from_slice(&cause.as_bytes()[..6]);
    bytes[6..].copy_from_slice(&digest[..10]);
    Builder::from_custom_bytes(bytes).into_uuid()
}

/// The id of the aggregate that a command brings into being: the command's own, made a UUIDv7.
///
/// A command creates at most one aggregate, so its id serves; and a repeat goes to the same stream, where it is recognised.
pub fn of_new_aggregate(command_id: Uuid) -> Uuid {
    Builder::from_bytes(command_id.into_bytes())
        .with_version(Version::SortRand)
        .with_variant(Variant::RFC4122)
        .into_uuid()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_cause_and_name_give_the_same_id_and_others_another() {
        let (one, two) = (Uuid::now_v7(), Uuid::now_v7());
        assert_eq!(derived(one, "hold"), derived(one, "hold"));
        assert_ne!(derived(one, "hold"), derived(one, "release"));
        assert_ne!(derived(one, "hold"), derived(two, "hold"));
        assert_eq!(derived(one, "hold").as_bytes()[..6], one.as_bytes()[..6]);
    }

    #[test]
    fn what_a_command_creates_has_a_version_7_id_that_a_repeat_finds_again() {
        let command_id = Uuid::now_v7();
        assert_eq!(of_new_aggregate(command_id), command_id);
        let following = derived(command_id, "reorder");
        let id = of_new_aggregate(following);
        assert_eq!(id.get_version(), Some(Version::SortRand));
        assert_eq!(id, of_new_aggregate(following));
        assert_ne!(id, command_id);
    }
}
