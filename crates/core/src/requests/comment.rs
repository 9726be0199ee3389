//! Saying something about a request. It is in the log and on the request, and decides nothing.

use super::vote::MAX_WORDS;
use crate::{
    authz::Actor,
    decide::Tx,
    event::Event,
    ids::RequestId,
    quotas::{Quota, comments_of},
    rejection::Rejection,
    time::Millis,
};

/// How long after its end a request may still be spoken about.
pub const COMMENT_AFTER_END: Millis = Millis::days(30);

impl Tx {
    /// Whoever sees a request may comment on it; what they see is decided where it is shown.
    pub(crate) fn comment(&mut self, actor: &Actor, id: RequestId, words: String) -> Result<RequestId, Rejection> {
        let missing = Rejection::NotFound { what: "request" };
        let request = self.state().request(id).filter(|request| request.payload.account == actor.account);
        let (Some(request), Some(by)) = (request, actor.user()) else {
            return Err(missing);
        };
        if !self.state().people_of(actor.account).any(|user| user == by) {
            return Err(missing);
        }
        let words = words.trim().to_owned();
        let odd = words.chars().any(|c| c.is_control() && c != '\n' && c != '\t');
        if words.is_empty() || words.chars().count() > MAX_WORDS || odd {
            let problem = format!("1 to {MAX_WORDS} characters without control characters");
            return Err(Rejection::Invalid { field: "words", problem });
        }
        if request.ended_at.is_some_and(|end| self.now() >= end.after(COMMENT_AFTER_END)) {
            return Err(Rejection::InvalidState { state: "over for more than 30 days" });
        }
        Quota::CommentsOnRequest.check(comments_of(request, by), 1)?;
        self.state().check_meter((actor.account, actor.principal), Quota::Comments, 1, self.now())?;
        self.emit(Event::RequestCommented { request: id, by, words });
        Ok(id)
    }
}
