//! Persons and sessions.
#![allow(clippy::unwrap_used, reason = "tests")]

use adit_core::{ids::UserId, time::Timestamp};
use adit_store::{People, Person, Session, StoreError, TotpState};
use tempfile::TempDir;

fn open() -> (TempDir, People) {
    let dir = TempDir::new().unwrap();
    let people = People::open(dir.path().join("people.db")).unwrap();
    (dir, people)
}

fn person(user: u32, email: &str) -> Person {
    let password_hash = Some("$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA".to_owned());
    let (email, display_name) = (email.to_owned(), format!("Person {user}"));
    Person { user: UserId(user), email, display_name, password_hash, created_at: Timestamp(5) }
}

fn session(token: u8, user: u32, at: i64) -> Session {
    Session {
        token_hash: [token; 32],
        user: UserId(user),
        csrf: "csrf".to_owned(),
        created_at: Timestamp(at),
        authenticated_at: Timestamp(at),
        last_seen_at: Timestamp(at),
        address: "127.0.0.1".to_owned(),
        user_agent: "a browser".to_owned(),
        account: None,
    }
}

fn taken<T: std::fmt::Debug>(result: adit_store::Result<T>) -> &'static str {
    match result.unwrap_err() {
        StoreError::Taken { what } => what,
        other => panic!("{other}"),
    }
}

#[test]
fn a_person_is_found_by_user_and_by_email_in_any_case() {
    let (_dir, mut people) = open();
    people.add_person(&person(1, " Émile@Example.COM ")).unwrap();
    let found = people.person(UserId(1)).unwrap().unwrap();
    assert_eq!(found, person(1, "émile@example.com"));
    assert_eq!(people.person_by_email("ÉMILE@example.com").unwrap().unwrap(), found);
    assert_eq!(people.person_by_email("other@example.com").unwrap(), None);
    assert_eq!(people.person(UserId(2)).unwrap(), None);
}

#[test]
fn users_and_emails_are_unique() {
    let (_dir, mut people) = open();
    people.add_person(&person(1, "a@example.com")).unwrap();
    assert_eq!(taken(people.add_person(&person(1, "b@example.com"))), "user");
    assert_eq!(taken(people.add_person(&person(2, "A@EXAMPLE.com"))), "e-mail");
    people.add_person(&person(2, "b@example.com")).unwrap();
    assert_eq!(taken(people.set_email(UserId(2), "A@example.com")), "e-mail");
    assert!(people.set_email(UserId(2), "B@example.com").unwrap(), "one's own is not taken");
    assert_eq!(people.persons().unwrap().len(), 2);
}

#[test]
fn a_person_can_be_changed_and_forgotten() {
    let (_dir, mut people) = open();
    people.add_person(&person(1, "a@example.com")).unwrap();
    people.add_session(&session(1, 1, 10)).unwrap();
    assert!(people.set_display_name(UserId(1), "Other").unwrap());
    assert!(people.change_password(UserId(1), "$argon2id$new", Timestamp(9)).unwrap());
    assert!(people.set_email(UserId(1), "b@example.com").unwrap());
    let found = people.person_by_email("b@example.com").unwrap().unwrap();
    assert_eq!((found.display_name.as_str(), found.password_hash.as_deref()), ("Other", Some("$argon2id$new")));
    assert_eq!(people.security(UserId(1)).unwrap().password_changed_at, Some(Timestamp(9)));
    assert!(!people.set_display_name(UserId(2), "Nobody").unwrap());
    assert!(people.forget_person(UserId(1)).unwrap());
    assert!(!people.forget_person(UserId(1)).unwrap());
    assert_eq!(people.session(&[1; 32]).unwrap(), None);
    assert_eq!(people.persons().unwrap(), []);
}

#[test]
fn who_has_left_keeps_a_name_and_nothing_else() {
    let (_dir, mut people) = open();
    people.add_person(&person(1, "a@example.com")).unwrap();
    people.add_session(&session(1, 1, 10)).unwrap();
    let name = person(1, "a@example.com").display_name;
    assert!(people.let_go(UserId(1), Timestamp(20)).unwrap());
    assert!(!people.let_go(UserId(1), Timestamp(20)).unwrap());
    assert_eq!((people.session(&[1; 32]).unwrap(), people.person(UserId(1)).unwrap()), (None, None));
    assert_eq!(people.names().unwrap(), [(UserId(1), name, None)]);
    people.add_person(&person(2, "a@example.com")).unwrap();
}

#[test]
fn what_is_out_of_bounds_is_refused() {
    let (_dir, mut people) = open();
    let refused = |result: adit_store::Result<()>| assert!(matches!(result, Err(StoreError::Invalid { .. })));
    refused(people.add_person(&person(1, " a ")));
    refused(people.add_person(&person(1, &format!("{}@example.com", "a".repeat(254)))));
    refused(people.add_person(&Person { display_name: String::new(), ..person(1, "a@example.com") }));
    refused(people.add_person(&Person { password_hash: Some("x".repeat(513)), ..person(1, "a@example.com") }));
    refused(people.add_session(&session(1, 1, 10)));
    people.add_person(&person(1, "a@example.com")).unwrap();
    refused(people.add_session(&Session { csrf: String::new(), ..session(1, 1, 10) }));
    refused(people.add_session(&Session { address: "1".repeat(65), ..session(1, 1, 10) }));
    people.add_session(&Session { user_agent: "é".repeat(1_000), ..session(1, 1, 10) }).unwrap();
    assert_eq!(people.session(&[1; 32]).unwrap().unwrap().user_agent, "é".repeat(256));
}

#[test]
fn sessions_are_listed_touched_and_ended() {
    let (_dir, mut people) = open();
    people.add_person(&person(1, "a@example.com")).unwrap();
    people.add_person(&person(2, "b@example.com")).unwrap();
    for (token, user, at) in [(1, 1, 10), (2, 1, 20), (3, 2, 30), (4, 1, 5)] {
        people.add_session(&session(token, user, at)).unwrap();
    }
    assert_eq!(taken(people.add_session(&session(1, 2, 99))), "session");
    assert_eq!(people.session(&[1; 32]).unwrap().unwrap(), session(1, 1, 10));
    people.touch_sessions(&[([1; 32], Timestamp(40)), ([9; 32], Timestamp(40)), ([2; 32], Timestamp(3))]).unwrap();
    assert!(people.set_authenticated(&[1; 32], Timestamp(41)).unwrap());
    assert!(!people.set_authenticated(&[9; 32], Timestamp(41)).unwrap());
    let of_one = people.sessions_of(UserId(1)).unwrap();
    let seen: Vec<_> = of_one.iter().map(|s| (s.token_hash[0], s.last_seen_at.0, s.authenticated_at.0)).collect();
    assert_eq!(seen, [(1, 40, 41), (2, 20, 20), (4, 5, 5)]);
    assert_eq!(people.sessions().unwrap().len(), 4);

    assert_eq!(people.drop_expired_sessions(Timestamp(6), Timestamp(20)).unwrap(), 1);
    assert_eq!(people.revoke_sessions_of(UserId(1), Some(&[2; 32])).unwrap(), 1);
    assert!(people.session(&[2; 32]).unwrap().is_some());
    assert!(people.revoke_session(&[2; 32]).unwrap());
    assert!(!people.revoke_session(&[2; 32]).unwrap());
    assert_eq!(people.revoke_sessions_of(UserId(2), None).unwrap(), 1);
    assert_eq!(people.sessions().unwrap(), []);
}

#[test]
fn a_code_and_a_recovery_code_are_used_once() {
    let (_dir, mut people) = open();
    people.add_person(&person(1, "a@example.com")).unwrap();
    people.add_person(&person(2, "b@example.com")).unwrap();
    assert_eq!(people.totp(UserId(1)).unwrap(), None);
    people.set_totp(UserId(1), Timestamp(7), 100, &[[1; 32], [2; 32]]).unwrap();
    assert!(!people.use_totp_step(UserId(1), 100).unwrap(), "the one it was confirmed with");
    assert!(people.use_totp_step(UserId(1), 102).unwrap());
    assert!(!people.use_totp_step(UserId(1), 101).unwrap(), "one before");
    assert!(!people.use_totp_step(UserId(2), 103).unwrap(), "somebody without");
    assert_eq!(people.totp(UserId(1)).unwrap(), Some(TotpState { since: Timestamp(7), last_step: 102 }));
    assert!(!people.use_recovery_code(UserId(2), &[1; 32]).unwrap(), "another's");
    assert!(people.use_recovery_code(UserId(1), &[1; 32]).unwrap());
    assert!(!people.use_recovery_code(UserId(1), &[1; 32]).unwrap());
    assert_eq!(people.recovery_codes_left(UserId(1)).unwrap(), 1);
    people.set_recovery_codes(UserId(1), &[[3; 32]; 1], Timestamp(8)).unwrap();
    assert!(!people.use_recovery_code(UserId(1), &[2; 32]).unwrap(), "replaced");
    assert_eq!(people.security(UserId(1)).unwrap().secured_at, Some(Timestamp(8)));
    assert!(people.remove_totp(UserId(1), Timestamp(9)).unwrap());
    assert_eq!((people.totp(UserId(1)).unwrap(), people.recovery_codes_left(UserId(1)).unwrap()), (None, 0));
}

#[test]
fn of_too_many_sessions_the_oldest_end() {
    let (_dir, mut people) = open();
    people.add_person(&person(1, "a@example.com")).unwrap();
    for token in 0..60 {
        people.add_session(&session(token, 1, i64::from(token))).unwrap();
    }
    let left = people.sessions_of(UserId(1)).unwrap();
    assert_eq!((left.len(), left.last().unwrap().token_hash), (50, [10; 32]));
}
