//! Where settings come from.

use std::{
    collections::BTreeMap,
    env, fs,
    path::{Path, PathBuf},
};

use config::{Config, ConfigError, Environment, File, FileFormat, Map, Source, Value};

use super::SettingsProblem;

/// What the sources say together: by setting, the value that wins, with its origin.
pub type Merged = Map<String, Value>;

/// Settings given on the command line: by setting, the flag's name and its value.
pub type Flags = BTreeMap<&'static str, (&'static str, String)>;

/// Everything that has a say.
#[derive(Debug, Default)]
pub struct Sources {
    /// The file; it must exist. `None`: `agrodeep.toml` in `working_dir`, if there is one.
    pub file: Option<PathBuf>,
    /// Where relative names start.
    pub working_dir: PathBuf,
    /// The variables that concern us.
    pub environment: Map<String, String>,
    /// The command line.
    pub flags: Flags,
}

impl Sources {
    /// What this process was started with.
    ///
    /// # Errors
    /// [`SettingsProblem::Malformed`]: one of our variables is not UTF-8.
    pub fn of_this_process(file: Option<PathBuf>, flags: Flags) -> Result<Self, SettingsProblem> {
        let mut environment = Map::new();
        for (name, value) in env::vars_os() {
            let name = name.to_string_lossy().into_owned();
            if !concerns_us(&name) {
                continue;
            }
            let value = value.into_string().map_err(|_| SettingsProblem::Malformed {
                origin: "the environment".to_owned(),
                reason: format!("{name} is not UTF-8"),
            })?;
            environment.insert(name, value);
        }
        let named = environment.remove("AGRODEEP_CONFIG").filter(|name| !name.is_empty()).map(PathBuf::from);
        Ok(Self { file: file.or(named), working_dir: PathBuf::from("."), environment, flags })
    }

    pub(super) fn merged(&self) -> Result<Merged, SettingsProblem> {
        let environment = Environment::with_prefix("AGRODEEP").ignore_empty(true);
        let plain = PLAIN
            .into_iter()
            .filter_map(|name| Some((name.to_owned(), self.environment.get(name)?.clone())))
            .collect();
        let mut builder = Config::builder();
        if let Some((origin, text)) = self.file_text()? {
            let file = File::from_str(&text, FileFormat::Toml).collect();
            let file = file.map_err(|error| SettingsProblem::Malformed {
                origin: origin.clone(),
                reason: one_line(&error),
            })?;
            builder = builder.add_source(Named { origin, values: file });
        }
        builder
            .add_source(Environment::default().ignore_empty(true).source(Some(plain)))
            .add_source(environment.source(Some(self.environment.clone())))
            .add_source(FlagSource(self.flags.clone()))
            .build()
            .and_then(|config| config.collect())
            .map_err(|error| SettingsProblem::Malformed {
                origin: "the environment".to_owned(),
                reason: one_line(&error),
            })
    }

    fn file_text(&self) -> Result<Option<(String, String)>, SettingsProblem> {
        let read = |path: &Path| {
            fs::read_to_string(path)
                .map(|text| Some((path.display().to_string(), text)))
                .map_err(|source| SettingsProblem::File { path: path.to_owned(), source })
        };
        if let Some(path) = &self.file {
            return read(path);
        }
        let usual = self.working_dir.join("agrodeep.toml");
        if usual.exists() { read(&usual) } else { Ok(None) }
    }
}

/// Variables that are understood without a prefix, too: others know them by these names.
pub const PLAIN: [&str; 6] = [
    "DATABASE_URL",
    "DATABASE_READ_URL",
    "EVENT_STORE_URL",
    "STRIPE_SECRET_KEY",
    "STRIPE_WEBHOOK_SECRETS",
    "STRIPE_API_BASE",
];

fn concerns_us(name: &str) -> bool {
    name.starts_with("AGRODEEP_") || PLAIN.contains(&name)
}

fn one_line(error: &ConfigError) -> String {
    error.to_string().split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Values that all come from one place.
#[derive(Clone, Debug)]
struct Named {
    origin: String,
    values: Merged,
}

impl Source for Named {
    fn clone_into_box(&self) -> Box<dyn Source + Send + Sync> {
        Box::new(self.clone())
    }

    fn collect(&self) -> Result<Merged, ConfigError> {
        let from_here = |value: &Value| Value::new(Some(&self.origin), value.kind.clone());
        Ok(self.values.iter().map(|(key, value)| (key.clone(), from_here(value))).collect())
    }
}

#[derive(Clone, Debug)]
struct FlagSource(Flags);

impl Source for FlagSource {
    fn clone_into_box(&self) -> Box<dyn Source + Send + Sync> {
        Box::new(self.clone())
    }

    fn collect(&self) -> Result<Merged, ConfigError> {
        Ok(self
            .0
            .iter()
            .map(|(key, (flag, value))| {
                ((*key).to_owned(), Value::new(Some(&format!("the flag {flag}")), value.clone()))
            })
            .collect())
    }
}
