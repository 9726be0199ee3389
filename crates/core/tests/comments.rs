//! Saying something about a request.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod support;

use adit_core::{
    authz::{Actor, Principal, Role},
    command::{Command, Reply},
    fleet::{Ending, PowerMode},
    ids::{KeyId, RequestId},
    rejection::Rejection,
    requests::{COMMENT_AFTER_END, StepKind},
    time::Millis,
};
use support::{World, mode};

fn comment(w: &mut World, actor: &Actor, request: RequestId, words: &str) -> Result<Reply, Rejection> {
    w.run(actor, Command::Comment { request, words: words.into() })
}

#[test]
fn a_comment_is_kept_in_order_and_changes_nothing_that_is_approved() {
    let mut w = World::new(2);
    let (owner, viewer) = (w.owner, w.person(Role::Viewer));
    let id = w.ask(owner, mode(PowerMode::Low), &[1]);
    let before = w.request(id).clone();
    let (first, second) = (w.actor(owner), w.actor(viewer));
    comment(&mut w, &first, id, " before the storm ").unwrap();
    comment(&mut w, &second, id, "two\nlines").unwrap();
    let after = w.request(id);
    let said: Vec<_> = after.comments.iter().map(|c| (c.by, c.words.as_str())).collect();
    assert_eq!(said, [(owner, "before the storm"), (viewer, "two\nlines")]);
    assert_eq!((after.content_hash, &after.payload, after.state), (before.content_hash, &before.payload, before.state));
    assert_eq!(after.steps.iter().filter(|step| step.what == StepKind::Commented).count(), 2);
}

#[test]
fn comments_are_bounded_and_by_people_of_the_account() {
    let mut w = World::new(2);
    let owner = w.owner;
    let id = w.ask(owner, mode(PowerMode::Low), &[1]);
    let me = w.actor(owner);
    for words in ["", " \n ", "a\u{0}b", &"x".repeat(1_001)] {
        assert_eq!(comment(&mut w, &me, id, words).unwrap_err().code(), "invalid", "{words:?}");
    }
    let key = Actor { principal: Principal::ApiKey(KeyId(1)), ..me };
    assert_eq!(comment(&mut w, &key, id, "beep").unwrap_err().status(), 404);
    let Reply::User(stranger) = w.operator(Command::AddUser) else { unreachable!() };
    let stranger = w.actor(stranger);
    assert_eq!(comment(&mut w, &stranger, id, "hello").unwrap_err().status(), 404);
}

#[test]
fn a_request_is_spoken_about_for_thirty_days_after_its_end() {
    let mut w = World::new(2);
    let owner = w.owner;
    let id = w.ask(owner, mode(PowerMode::Low), &[1]);
    w.finish(id, Ending::Verified);
    let me = w.actor(owner);
    w.now = w.now.after(Millis(COMMENT_AFTER_END.0 - 1));
    comment(&mut w, &me, id, "it held").unwrap();
    w.now = w.now.after(Millis(1));
    assert_eq!(comment(&mut w, &me, id, "too late").unwrap_err().code(), "invalid_state");
}
