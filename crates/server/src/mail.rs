//! Letters by SMTP. Whoever causes one never waits for it: letters go into a queue of their own, are tried a few
//! times, and what fails is logged.

use lettre::{
    AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor,
    message::{Mailbox, header::ContentType},
};
use std::{sync::Arc, time::Duration};
use tokio::{
    sync::{Semaphore, mpsc},
    task::JoinSet,
};

/// Most letters that wait; more are dropped, with a line in the log.
const QUEUE: usize = 200;
/// How many are being sent at once.
const AT_ONCE: usize = 4;
/// How long one try may take.
const PATIENCE: Duration = Duration::from_secs(30);
/// Between the tries.
const PAUSES: [Duration; 2] = [Duration::from_secs(2), Duration::from_secs(20)];

/// Where letters are handed in.
#[derive(Debug, Clone)]
pub struct MailOptions {
    /// `smtps://user:password@host`, `smtp://user:password@host?tls=required`, or `smtp://host:25` to one on this machine.
    pub server: String,
    /// Whom they come from: `adit@example.com` or `Adit <adit@example.com>`.
    pub from: String,
}

/// A letter.
#[derive(Debug, Clone)]
pub(crate) struct Letter {
    pub(crate) to: String,
    pub(crate) subject: String,
    pub(crate) text: String,
    /// The same every time it is sent, so that who receives it twice can tell.
    pub(crate) name: Option<String>,
}

/// Told whether the mail server took a letter.
type Done = Box<dyn FnOnce(bool) + Send>;

/// Takes letters.
pub(crate) struct Mailer {
    queue: Option<mpsc::Sender<(Letter, Done)>>,
}

impl Mailer {
    /// Without options there is nobody to hand letters to. Must be called on the runtime.
    ///
    /// # Errors
    /// A sentence about the option that is wrong.
    pub(crate) fn new(options: Option<&MailOptions>) -> Result<Self, String> {
        let Some(options) = options else { return Ok(Self { queue: None }) };
        let from: Mailbox = options.from.parse().map_err(|error| format!("the sender of mail: {error}"))?;
        let builder = AsyncSmtpTransport::<Tokio1Executor>::from_url(&options.server);
        let transport = builder.map_err(|error| format!("the address of the mail server: {error}"))?;
        let post = Post { transport: transport.timeout(Some(PATIENCE)).build(), from };
        let (queue, letters) = mpsc::channel(QUEUE);
        tokio::spawn(Arc::new(post).work(letters));
        Ok(Self { queue: Some(queue) })
    }

    /// Whether letters can be sent at all.
    pub(crate) const fn is_there(&self) -> bool {
        self.queue.is_some()
    }

    /// Sends it, some time. `done` hears what came of it.
    pub(crate) fn send(&self, letter: Letter, done: impl FnOnce(bool) + Send + 'static) {
        let Some(queue) = &self.queue else { return done(false) };
        if let Err(error) = queue.try_send((letter, Box::new(done))) {
            tracing::error!("too many letters wait: one is dropped");
            let (_, done) = error.into_inner();
            done(false);
        }
    }
}

struct Post {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
}

impl Post {
    /// Until nobody can hand in any more.
    async fn work(self: Arc<Self>, mut letters: mpsc::Receiver<(Letter, Done)>) {
        let slots = Arc::new(Semaphore::new(AT_ONCE));
        let mut sending = JoinSet::new();
        while let Some((letter, done)) = letters.recv().await {
            while sending.try_join_next().is_some() {}
            let Ok(slot) = Arc::clone(&slots).acquire_owned().await else { return };
            let post = Arc::clone(&self);
            sending.spawn(async move {
                let sent = post.deliver(&letter).await;
                drop(slot);
                done(sent);
            });
        }
        sending.join_all().await;
    }

    async fn deliver(&self, letter: &Letter) -> bool {
        let message = match self.message(letter) {
            Ok(message) => message,
            Err(error) => {
                tracing::error!(%error, "a letter cannot be written");
                return false;
            }
        };
        let mut pauses = PAUSES.into_iter();
        loop {
            let error = match self.transport.send(message.clone()).await {
                Ok(_) => return true,
                Err(error) => error,
            };
            let pause = if error.is_permanent() { None } else { pauses.next() };
            let Some(pause) = pause else {
                tracing::error!(%error, subject = letter.subject, "a letter could not be sent");
                return false;
            };
            tracing::warn!(%error, subject = letter.subject, "a letter is tried again");
            tokio::time::sleep(pause).await;
        }
    }

    fn message(&self, letter: &Letter) -> Result<Message, String> {
        let to: Mailbox = letter.to.parse().map_err(|error| format!("{error}"))?;
        let message = Message::builder().from(self.from.clone()).to(to).subject(&letter.subject);
        let message = match &letter.name {
            Some(name) => message.message_id(Some(format!("<{name}@{}>", self.from.email.domain()))),
            None => message,
        };
        let message = message.header(ContentType::TEXT_PLAIN).body(letter.text.clone());
        message.map_err(|error| error.to_string())
    }
}
