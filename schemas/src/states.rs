//! The states that golden events lead to, as they are kept beside the log: they may change only together with the number of
//! their form.

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use agrodeep_domain::{Aggregate, DomainEvent, evolution};
use serde_json::{Value, json};

use crate::{
    check::{Broken, UPDATE, folder},
    json,
};

/// Folds the golden events of `A`, in the order in which they are declared, and compares each state on the way with
/// `states/<aggregate type>.v<form>.json`. A state that was kept in a form must mean the same to whoever reads it in that form.
///
/// # Errors
/// [`Broken`] says that the form's number must be counted up, or which file is missing or one too many.
pub fn state_form_holds<A: Aggregate>(package: &str) -> Result<(), Broken> {
    let update = env::var(UPDATE).is_ok_and(|value| value == "1");
    Broken::unless_empty(differences::<A>(&folder(), package, update))
}

fn differences<A: Aggregate>(folder: &Path, package: &str, update: bool) -> Vec<String> {
    let states = match states::<A>(&folder.join("golden").join(A::TYPE)) {
        Ok(states) => json::pretty(&states),
        Err(why) => return vec![why],
    };
    let name = PathBuf::from(format!("states/{}.v{}.json", A::TYPE, A::STATE_FORM));
    let file = folder.join(&name);
    let mut faults = Vec::new();
    match fs::read_to_string(&file) {
        Ok(committed) if committed == states => {}
        Ok(_) => faults.push(format!(
            "{}: events lead to other states than in this form of the state of {}, or they are written otherwise: count \
             `STATE_FORM` up to {}, so that states that were kept are no longer used",
            name.display(),
            A::TYPE,
            A::STATE_FORM + 1
        )),
        Err(_) if update => {
            let written =
                file.parent().map_or(Ok(()), fs::create_dir_all).and_then(|()| fs::write(&file, states));
            faults.extend(written.err().map(|error| format!("{} cannot be written: {error}", file.display())));
        }
        Err(_) => {
            faults.push(format!("{} is missing: {UPDATE}=1 cargo test -p {package}", name.display()));
        }
    }
    faults
}

/// Every state on the way through all golden events.
fn states<A: Aggregate>(golden: &Path) -> Result<Value, String> {
    let mut state = A::default();
    let mut states = Vec::new();
    for (name, version) in A::Event::FORMS {
        let file = golden.join(format!("{name}.v{version}.json"));
        let text = fs::read_to_string(&file).map_err(|error| format!("{}: {error}", file.display()))?;
        let event: A::Event =
            evolution::read(name, version, &text).map_err(|error| format!("{}: {error}", file.display()))?;
        state.apply(&event);
        // As a state is kept: by its text, in which the keys of a map must be texts.
        let written = serde_json::to_string(&state)
            .map_err(|error| format!("the state of {} after {name} cannot be written: {error}", A::TYPE))?;
        state = serde_json::from_str(&written)
            .map_err(|error| format!("the state of {} after {name} cannot be read: {error}", A::TYPE))?;
        let again = serde_json::to_string(&state).unwrap_or_default();
        if again != written {
            return Err(format!("the state of {} after {name} is not read as it was written", A::TYPE));
        }
        let value: Value = serde_json::from_str(&written).unwrap_or_default();
        states.push(json!({"after": name, "state": value}));
    }
    Ok(Value::Array(states))
}
