#![allow(clippy::unwrap_used)]
use agrodeep_domain::{account::AccountEvent, order::OrderEvent};
use serde_json::json;

use super::*;

/// A folder of its own, gone when dropped.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = env::temp_dir().join(format!("agrodeep-schemas-{}-{name}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).unwrap();
    }
}

fn schema<E: DomainEvent + JsonSchema>(name: &str) -> EventSchema {
    event_schemas::<E>("some").into_iter().find(|schema| schema.event_name == name).unwrap()
}

#[test]
fn a_changed_or_missing_file_is_named_with_the_way_to_update_it() {
    let folder = Folder::new("compare");
    let files = BTreeMap::from([
        (PathBuf::from("events/a.json"), "1".to_owned()),
        (PathBuf::from("events/b.json"), "2".to_owned()),
    ]);
    let missing = compare(&folder.0, &files, "some-package", false).unwrap_err().to_string();
    assert!(missing.contains("schemas/events/a.json is missing"), "{missing}");
    assert!(missing.contains("AGRODEEP_UPDATE_CONTRACTS=1 cargo test -p some-package"), "{missing}");

    compare(&folder.0, &files, "some-package", true).unwrap();
    compare(&folder.0, &files, "some-package", false).unwrap();

    fs::write(folder.0.join("events/b.json"), "3").unwrap();
    let changed = compare(&folder.0, &files, "some-package", false).unwrap_err().to_string();
    assert!(changed.contains("schemas/events/b.json is not what the code makes"), "{changed}");
    assert!(!changed.contains("a.json"), "{changed}");
}

#[test]
fn a_file_of_an_event_that_is_gone_is_named_and_older_versions_stay() {
    let folder = Folder::new("gone");
    let mut newer = schema::<OrderEvent>("OrderShipped");
    newer.version = "3".to_owned();
    for file in ["OrderShipped.v1.json", "OrderShipped.v3.json", "OrderShipped.v4.json", "OrderLost.v1.json"]
    {
        fs::write(folder.0.join(file), "").unwrap();
    }
    let gone = gone(&[newer], &folder.0);
    assert_eq!(gone.len(), 2, "{gone:?}");
    assert!(gone[0].contains("OrderLost.v1.json") && gone[1].contains("OrderShipped.v4.json"), "{gone:?}");
}

#[test]
fn a_golden_event_that_does_not_hold_says_why() {
    let shipped = schema::<OrderEvent>("OrderShipped");
    let wrong = |golden: &Value| wrong_with::<OrderEvent>(&golden.to_string(), &shipped).join("; ");
    let id = "dlv_01j5a0n3g0e8ts4b1v9xk7m2qd";
    assert_eq!(wrong(&json!({"OrderShipped": {"delivery_id": id}})), "");
    for (golden, why) in [
        (json!({"OrderShipped": {}}), "is no longer understood: missing field `delivery_id`"),
        (json!({"OrderLost": {}}), "is no longer understood: unknown variant `OrderLost`"),
        (json!({"OrderDelivered": {"delivery_id": id}}), "holds OrderDelivered in version 1"),
        (json!({"OrderShipped": {"delivery_id": id, "by": "car"}}), "is written otherwise now"),
        (json!({"OrderShipped": {"delivery_id": id, "by": "car"}}), "differs at /by: is not in the schema"),
    ] {
        assert!(wrong(&golden).contains(why), "{golden}: {}", wrong(&golden));
    }
}

#[test]
fn a_golden_event_shows_every_personal_field() {
    let registered = json!({"AccountRegistered": {
        "account_id": "usr_01h455vb4pex5vsknk084sn02q", "role": "buyer",
        "email": "a@example.org", "first_name": "A", "last_name": "B",
    }});
    assert_eq!(
        wrong_with::<AccountEvent>(&registered.to_string(), &schema::<AccountEvent>("AccountRegistered")),
        ["shows nothing at /phone, which is personal"]
    );
}

#[test]
fn a_path_reaches_through_arrays_and_maps() {
    let value = json!({"lines": [{}, {"notes": "x"}], "by": {"a/b": {"c": 1}}, "none": null});
    assert!(reaches(&value, &["lines", "*", "notes"]));
    assert!(reaches(&value, &["by", "*", "c"]));
    assert!(reaches(&value, &["by", "a~1b", "c"]));
    assert!(!reaches(&value, &["lines", "*", "other"]));
    assert!(!reaches(&value, &["none"]));
}
