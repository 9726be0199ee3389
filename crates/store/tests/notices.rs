//! Inboxes, letters and deliveries: what is told once, what is tried again, and what people note.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use adit_core::{
    ids::{AccountId, RequestId, UserId, WebhookId},
    notices::{Class, Kind, Notice, Topic},
    time::{Millis, Timestamp},
};
use adit_store::{Announcement, Attempt, Choices, DeliveryState, MAX_ITEMS, Mark, Notices, Outcome, StoreError};

const ME: UserId = UserId(1);
const ACCOUNT: AccountId = AccountId(1);
const HOOK: WebhookId = WebhookId(1);
const NOW: Timestamp = Timestamp(1_800_000_000_000);

fn store() -> (Notices, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    (Notices::open(folder.path().join("notices.db")).unwrap(), folder)
}

fn notice(request: u128, kind: Kind, class: Class) -> Notice {
    let topic = Topic::Request(RequestId(request.into()));
    Notice { to: ME, account: ACCOUNT, topic, kind, class, always: false, at: NOW }
}

fn announcement(message: &str) -> Announcement {
    let (message, kind, body) = (message.to_owned(), "request.failed".to_owned(), "{}".to_owned());
    Announcement { webhook: HOOK, message, kind, body, at: NOW }
}

const fn attempt(status: Option<u16>) -> Attempt {
    Attempt { at: NOW, duration_ms: 12, status, error: None }
}

#[test]
fn an_event_is_taken_in_with_its_number_or_not_at_all() {
    let (mut store, folder) = store();
    assert_eq!(store.progress().unwrap(), None);
    store.take(None, 7, &[(7, notice(1, Kind::VoteWanted, Class::NeedsMe))], &[announcement("msg_7")]).unwrap();
    assert!(matches!(store.take(Some(7), u64::MAX, &[], &[]), Err(StoreError::Invalid { .. })));
    let late = store.take(None, 7, &[(7, notice(2, Kind::VoteWanted, Class::NeedsMe))], &[]);
    assert!(matches!(late, Err(StoreError::Conflict { found: 7, .. })), "another was quicker");
    drop(store);
    let store = Notices::open(folder.path().join("notices.db")).unwrap();
    assert_eq!(store.progress().unwrap(), Some(7));
    assert_eq!(store.items(ME, ACCOUNT).unwrap().len(), 1);
    assert_eq!(store.due_letters(NOW, 10).unwrap().len(), 1);
    assert_eq!(store.due_deliveries(NOW).unwrap().len(), 1);
}

#[test]
fn what_is_told_later_takes_the_place_of_what_was_told_and_is_news() {
    let (mut store, _folder) = store();
    store.take(None, 1, &[(1, notice(1, Kind::VoteWanted, Class::NeedsMe))], &[]).unwrap();
    let first = store.items(ME, ACCOUNT).unwrap().pop().unwrap();
    let mark = Mark { read: Some(true), done: Some(true), snoozed_until: None };
    assert_eq!(store.mark(ME, ACCOUNT, &[first.id], mark, NOW).unwrap(), 1);
    assert_eq!(store.mark(UserId(2), ACCOUNT, &[first.id], mark, NOW).unwrap(), 0, "not theirs");
    let marked = store.items(ME, ACCOUNT).unwrap().pop().unwrap();
    assert_eq!((marked.read_at, marked.done_at), (Some(NOW), Some(NOW)));
    store.take(Some(1), 2, &[(2, notice(1, Kind::Executed, Class::Told))], &[]).unwrap();
    let items = store.items(ME, ACCOUNT).unwrap();
    assert_eq!((items.len(), items[0].read_at, items[0].done_at), (1, None, None));
    assert!(items[0].id > first.id);
    assert_eq!(store.mark(ME, ACCOUNT, &[first.id], mark, NOW).unwrap(), 0, "what was not seen is not put away");

    let snooze = |until| Mark { snoozed_until: Some(until), ..Mark::default() };
    let (id, later) = (items[0].id, NOW.after(Millis::hours(4)));
    store.mark(ME, ACCOUNT, &[id], snooze(Some(later)), NOW).unwrap();
    assert_eq!(store.items(ME, ACCOUNT).unwrap()[0].snoozed_until, Some(later));
    store.mark(ME, ACCOUNT, &[id], Mark { read: Some(true), ..Mark::default() }, NOW).unwrap();
    assert_eq!(store.items(ME, ACCOUNT).unwrap()[0].snoozed_until, Some(later), "left as it is");
    store.mark(ME, ACCOUNT, &[id], snooze(None), NOW).unwrap();
    assert_eq!(store.items(ME, ACCOUNT).unwrap()[0].snoozed_until, None);
}

#[test]
fn an_inbox_is_bounded_and_forgotten_with_its_person() {
    let (mut store, _folder) = store();
    let many = u64::try_from(MAX_ITEMS).unwrap() + 5;
    let told: Vec<_> = (1..=many).map(|n| (n, notice(n.into(), Kind::Executed, Class::Mine))).collect();
    store.take(None, many, &told, &[]).unwrap();
    let items = store.items(ME, ACCOUNT).unwrap();
    assert_eq!(items.len(), MAX_ITEMS);
    assert_eq!(items[0].notice.topic, told.last().unwrap().1.topic);
    assert_eq!(store.items(ME, AccountId(2)).unwrap(), []);
    store.choose(ME, Choices { needs_me: false, mine: false, told: true, heads: false }).unwrap();
    store.forget(ME).unwrap();
    assert_eq!(store.items(ME, ACCOUNT).unwrap(), []);
    assert_eq!(store.due_letters(NOW, 10).unwrap(), []);
    assert_eq!(store.choices(ME).unwrap(), Choices::default());
}

#[test]
fn a_moment_comes_once() {
    let (mut store, _folder) = store();
    let reminder = [notice(1, Kind::VoteReminder, Class::NeedsMe)];
    assert!(store.take_moment("r/half", &reminder, NOW).unwrap());
    let id = store.items(ME, ACCOUNT).unwrap()[0].id;
    assert!(!store.take_moment("r/half", &reminder, NOW).unwrap());
    assert_eq!(store.items(ME, ACCOUNT).unwrap()[0].id, id);
    assert_eq!(store.due_letters(NOW, 10).unwrap().len(), 1);
}

#[test]
fn letters_are_written_to_those_who_want_them_and_tried_again() {
    let (mut store, _folder) = store();
    let all = [
        (1, notice(1, Kind::VoteWanted, Class::NeedsMe)),
        (2, notice(2, Kind::Began, Class::Mine)),
        (3, notice(3, Kind::Executed, Class::Mine)),
        (4, notice(4, Kind::Executed, Class::Told)),
        (5, Notice { always: true, ..notice(5, Kind::Approved, Class::Told) }),
    ];
    let told = |store: &Notices| {
        let letters = store.due_letters(NOW, 10).unwrap();
        letters.iter().map(|letter| (letter.notice.kind, letter.notice.class)).collect::<Vec<_>>()
    };
    store.take(None, 5, &all, &[]).unwrap();
    assert_eq!(
        told(&store),
        [(Kind::VoteWanted, Class::NeedsMe), (Kind::Executed, Class::Mine), (Kind::Approved, Class::Told)]
    );
    let first = store.due_letters(NOW, 1).unwrap().pop().unwrap();
    assert_eq!((first.name.as_str(), first.tries), ("1.1.00000000000000000000000001.vote_wanted", 0));
    let later = NOW.after(Millis::minutes(1));
    store.retry_letter(first.id, Some(later)).unwrap();
    assert_eq!(told(&store).len(), 2);
    assert_eq!(store.due_letters(later, 10).unwrap().len(), 3);
    store.retry_letter(first.id, None).unwrap();
    assert_eq!(store.due_letters(later, 10).unwrap().len(), 2);
    for letter in store.due_letters(later, 10).unwrap() {
        store.drop_letter(letter.id).unwrap();
    }
    store.choose(ME, Choices { needs_me: false, mine: false, told: true, heads: false }).unwrap();
    store.take(Some(5), 10, &all.map(|(seq, notice)| (seq + 5, notice)), &[]).unwrap();
    assert_eq!(told(&store), [(Kind::Executed, Class::Told), (Kind::Approved, Class::Told)]);
}

#[test]
fn a_delivery_is_tried_until_it_is_taken_or_given_up() {
    let (mut store, _folder) = store();
    store.take(None, 2, &[], &[announcement("msg_1"), announcement("msg_2")]).unwrap();
    let due = |store: &Notices, at| store.due_deliveries(at).unwrap().pop();
    let first = due(&store, NOW).unwrap();
    assert_eq!(first.announcement.message, "msg_1");
    let later = NOW.after(Millis::seconds(5));
    assert_eq!(store.tried(first.id, &attempt(Some(500)), Outcome::Retry(later)).unwrap(), Some(NOW));
    assert_eq!(store.failing_since(HOOK).unwrap(), Some(NOW));
    let second = due(&store, NOW).unwrap();
    assert_eq!(second.announcement.message, "msg_2", "one that waits holds up no other");
    assert_eq!(store.tried(second.id, &attempt(Some(204)), Outcome::Delivered).unwrap(), None);
    assert_eq!(store.failing_since(HOOK).unwrap(), None);
    assert_eq!(due(&store, later).unwrap().tries, 1);
    store.tried(first.id, &attempt(None), Outcome::GiveUp).unwrap();
    assert_eq!(due(&store, later), None);
    let log = store.deliveries(HOOK, None, 10).unwrap();
    assert_eq!(log.iter().map(|one| one.state).collect::<Vec<_>>(), [DeliveryState::Delivered, DeliveryState::Failed]);
    assert_eq!(log[1].attempts.iter().map(|one| one.status).collect::<Vec<_>>(), [Some(500), None]);
    assert_eq!(store.deliveries(HOOK, Some(log[0].id), 10).unwrap(), log[1..]);

    store.announce(&announcement("msg_3")).unwrap();
    store.give_up(HOOK).unwrap();
    assert_eq!(due(&store, later), None);
    store.forget_webhook(HOOK).unwrap();
    assert_eq!(store.deliveries(HOOK, None, 10).unwrap(), []);
    assert_eq!(store.tried(first.id, &attempt(None), Outcome::GiveUp).unwrap(), None, "it is gone");
}

#[test]
fn what_is_over_is_kept_to_a_bound() {
    let (mut store, _folder) = store();
    for number in 0..210 {
        store.announce(&announcement(&format!("msg_{number}"))).unwrap();
        let due = store.due_deliveries(NOW).unwrap().pop().unwrap();
        store.tried(due.id, &attempt(Some(200)), Outcome::Delivered).unwrap();
    }
    let log = store.deliveries(HOOK, None, 1_000).unwrap();
    assert_eq!((log.len(), log[0].announcement.message.as_str()), (200, "msg_209"));
}

#[test]
fn of_a_conversation_one_letter_is_enough_until_its_reader_has_looked() {
    let (mut store, _folder) = store();
    let said = notice(1, Kind::Commented, Class::Mine);
    let letters = |store: &Notices| store.due_letters(NOW, 10).unwrap().len();
    store.take(None, 2, &[(1, said), (2, said)], &[]).unwrap();
    store.take(Some(2), 3, &[(3, said), (3, notice(2, Kind::Commented, Class::Mine))], &[]).unwrap();
    assert_eq!((store.items(ME, ACCOUNT).unwrap().len(), letters(&store)), (2, 2), "one of each request");
    let item = store.items(ME, ACCOUNT).unwrap().into_iter().find(|item| item.notice.topic == said.topic).unwrap();
    store.mark(ME, ACCOUNT, &[item.id], Mark { read: Some(true), ..Mark::default() }, NOW).unwrap();
    store.take(Some(3), 4, &[(4, said)], &[]).unwrap();
    assert_eq!(letters(&store), 3, "they had read it");
    store.take(Some(4), 5, &[(5, notice(1, Kind::Executed, Class::Mine))], &[]).unwrap();
    store.take(Some(5), 6, &[(6, said)], &[]).unwrap();
    assert_eq!(letters(&store), 5, "its end, and what was said after it");
}
