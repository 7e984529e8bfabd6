//! Who takes part: the demo accounts.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use reqwest::Method;
use serde_json::{Value, json};

use super::{answer::Answer, client::Apis, narrator::Narrator};
use crate::demo;

/// Everybody, signed in, and how far the log was at the last command.
pub struct Cast {
    apis: Apis,
    position: Option<String>,
    pub buyer: Person,
    pub producer: Person,
    pub driver: Person,
    pub admin: Person,
    pub auditor: Person,
}

/// Somebody who is signed in.
#[derive(Clone)]
pub struct Person {
    pub id: String,
    token: String,
}

/// How long something may take that happens by itself.
const PATIENCE: Duration = Duration::from_secs(20);

impl Cast {
    pub async fn sign_in(apis: &Apis, narrator: &mut Narrator) -> Result<Self> {
        narrator.step("The demo accounts sign in");
        let mut rows = vec![];
        let mut people = vec![];
        for role in ["buyer", "producer", "driver", "admin", "auditor"] {
            let email = demo::email(role);
            let body = json!({ "email": email, "password": demo::PASSWORD });
            let answer = apis.command(Method::POST, "/v1/auth/login", None, Some(&body)).await?;
            if answer.status.as_u16() == 401 {
                bail!("{email} cannot sign in: the tour needs the accounts of `agrodeep up --demo`");
            }
            let answer = answer.expect(200)?;
            answer.promised("/user/role", role)?;
            let person = Person {
                id: answer.text("/user/id")?.to_owned(),
                token: answer.text("/access_token")?.to_owned(),
            };
            rows.push([role.to_owned(), email, person.id.clone()]);
            people.push(person);
        }
        narrator.came_back_as(&rows);
        let [buyer, producer, driver, admin, auditor] =
            people.try_into().ok().context("every role signs in")?;
        Ok(Self { apis: apis.clone(), position: None, buyer, producer, driver, admin, auditor })
    }

    pub async fn post(&mut self, person: &Person, path: &str, body: Value) -> Result<Answer> {
        self.command(Method::POST, person, path, Some(&body)).await
    }

    pub async fn delete(&mut self, person: &Person, path: &str) -> Result<Answer> {
        self.command(Method::DELETE, person, path, None).await
    }

    async fn command(
        &mut self,
        method: Method,
        person: &Person,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Answer> {
        let answer = self.apis.command(method, path, Some(&person.token), body).await?;
        if answer.position.is_some() {
            self.position.clone_from(&answer.position);
        }
        Ok(answer)
    }

    /// Asks; the answer knows of everything that was commanded before.
    pub async fn get(&self, person: &Person, path: &str) -> Result<Answer> {
        self.apis.query(path, &person.token, self.position.as_deref()).await?.expect(200)
    }

    /// Asks again and again until the answer is as `wanted`.
    pub async fn get_until(
        &self,
        person: &Person,
        path: &str,
        wanted: &str,
        is_so: impl Fn(&Answer) -> Result<bool>,
    ) -> Result<Answer> {
        let since = Instant::now();
        loop {
            let answer = self.get(person, path).await?;
            if is_so(&answer)? {
                return Ok(answer);
            }
            if since.elapsed() > PATIENCE {
                bail!("{}: not {wanted} within {} s: {}", answer.what, PATIENCE.as_secs(), answer.body);
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}
