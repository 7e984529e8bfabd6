//! `POST /v1/auth/register`: open an account.

use agrodeep_commands::{CommandContext, Commands, idempotency::Fingerprint};
use agrodeep_domain::{Account, Actor, Aggregate, Personal, Role};
use agrodeep_http::{IdempotencyKey, Invalid, Problem, RequestContext, StrictJson};
use axum::{extract::State, http::StatusCode, response::Response};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    accounts::{Accounts, EmailAddress, NewAccount, Password, register_account},
    answer::Answer,
    caller::{self, CommandHeaders, Parameterless},
    problems,
    routes::CommandProblems,
    runner::{Keyed, Runner},
    views::{self, UserView},
};

/// Who wants an account.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RegisterBody {
    /// Where to write to; by which to sign in.
    #[schema(example = "fermier@example.com", format = Email)]
    email: String,
    /// By which to sign in.
    #[schema(example = "securePassword123", min_length = 8, max_length = 256, format = Password)]
    password: String,
    /// What the account may do: `buyer`, `producer` or `driver`. Other roles are given by an admin.
    #[schema(example = "producer")]
    role: String,
    /// Given name.
    #[schema(example = "Jean", max_length = 100)]
    first_name: String,
    /// Family name.
    #[schema(example = "Dupont", max_length = 100)]
    last_name: String,
    /// Where to call.
    #[schema(example = "+33 6 12 34 56 78", max_length = 32)]
    phone: Option<String>,
    /// The farm or firm, which buyers see.
    #[schema(example = "Ferme du Coin", max_length = 200)]
    company: Option<String>,
}

/// Open an account.
#[utoipa::path(
    post, path = "/v1/auth/register", tag = "auth",
    params(CommandHeaders),
    request_body = RegisterBody,
    responses((status = 201, description = "The account is open", body = UserView), CommandProblems)
)]
pub async fn register(
    State(commands): State<Commands>,
    State(accounts): State<Accounts>,
    State(runner): State<Runner>,
    _: Parameterless,
    IdempotencyKey(key): IdempotencyKey,
    context: RequestContext,
    StrictJson { value: body, .. }: StrictJson<RegisterBody>,
) -> Result<Response, Problem> {
    let new = parse(body)?;
    let keyed = match key {
        Some(key) => Some(keyed(&accounts, &new, key).await?),
        None => None,
    };
    let request = context.clone();
    runner
        .run_once(&context, keyed, move |command_id| {
            let context = caller::command_context(command_id, Actor::system("registration"), &request);
            open(commands, accounts, new, context)
        })
        .await
}

async fn open(
    commands: Commands,
    accounts: Accounts,
    new: NewAccount,
    context: CommandContext,
) -> Result<Answer, Problem> {
    let registered =
        register_account(&accounts, &commands, new, context).await.map_err(problems::register)?;
    let account = Account::fold(&registered.executed.events);
    let (Some(role), Some(facts)) = (account.role, account.registered) else {
        return Err(Problem::internal());
    };
    Ok(Answer::json(StatusCode::CREATED, &views::user(role, &facts))?
        .executed(&registered.executed)
        .location("/v1/auth/me"))
}

fn parse(body: RegisterBody) -> Result<NewAccount, Problem> {
    let mut invalid = Invalid::new();
    let email = invalid.check("/email", body.email.parse::<EmailAddress>());
    let password = invalid.check("/password", Password::new(body.password));
    let role = match body.role.as_str() {
        "buyer" => Some(Role::Buyer),
        "producer" => Some(Role::Producer),
        "driver" => Some(Role::Driver),
        _ => {
            invalid.at("/role", "must be one of buyer, producer, driver");
            None
        }
    };
    let first_name = invalid.text("/first_name", &body.first_name, 100).map(Personal::new);
    let last_name = invalid.text("/last_name", &body.last_name, 100).map(Personal::new);
    let phone = invalid.optional_text("/phone", body.phone.as_deref(), 32);
    if phone.as_ref().is_some_and(|phone| !is_phone(phone)) {
        invalid.at("/phone", "must be a telephone number: digits, spaces and + - . / ( )");
    }
    let company = invalid.optional_text("/company", body.company.as_deref(), 200);
    let new = (|| {
        Some(NewAccount {
            role: role?,
            email: email?,
            password: Some(password?),
            first_name: first_name?,
            last_name: last_name?,
            phone: phone.map(Personal::new),
            company,
        })
    })();
    invalid.finish(new)
}

fn is_phone(text: &str) -> bool {
    text.chars().filter(char::is_ascii_digit).count() >= 3
        && text.chars().all(|c| c.is_ascii_digit() || " +-./()".contains(c))
}

/// What makes the request the same when it comes again. Of the password only what is as hard to guess as its hash.
async fn keyed(accounts: &Accounts, new: &NewAccount, key: String) -> Result<Keyed, Problem> {
    #[derive(Serialize)]
    struct Said<'a> {
        email: &'a str,
        role: Role,
        first_name: &'a str,
        last_name: &'a str,
        phone: Option<&'a str>,
        company: Option<&'a str>,
        password: [u8; 32],
    }

    let Some(password) = &new.password else {
        return Err(Problem::internal());
    };
    let salt = format!("{key}\n{}", new.email.as_str());
    let password = accounts.password_fingerprint(password, &salt).await.map_err(problems::register)?;
    let said = Said {
        email: new.email.as_str(),
        role: new.role,
        first_name: &new.first_name,
        last_name: &new.last_name,
        phone: new.phone.as_ref().map(|phone| phone.as_str()),
        company: new.company.as_deref(),
        password,
    };
    let said = serde_json::to_vec(&said).map_err(|_| Problem::internal())?;
    Ok(Keyed {
        principal: "anonymous".to_owned(),
        key,
        fingerprint: Fingerprint::of("POST", "/v1/auth/register", &said),
    })
}
