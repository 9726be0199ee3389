// A mail server that takes every letter, and a look into its box.
import { EventEmitter, once } from "node:events";
import { SMTPServer } from "smtp-server";

/** Starts it on a free port. `letter(address, subject)` waits for one, and gives the link in it. */
export async function startMail() {
  const box = [];
  const arrivals = new EventEmitter();
  const server = new SMTPServer({
    disabledCommands: ["AUTH", "STARTTLS"],
    onData(stream, session, done) {
      const parts = [];
      stream.on("data", (part) => parts.push(part));
      stream.on("end", () => {
        box.push({
          to: session.envelope.rcptTo[0].address,
          text: decoded(Buffer.concat(parts).toString("utf8")),
        });
        done();
        arrivals.emit("letter");
      });
    },
  });
  server.listen(0, "127.0.0.1");
  await once(server.server, "listening");
  const { port } = server.server.address();
  const letter = async (to, subject) => {
    for (;;) {
      const found = box.findIndex((letter) => letter.to === to && letter.text.includes(subject));
      if (found >= 0) return box.splice(found, 1)[0].text.match(/https?:\/\/\S+/)[0];
      await once(arrivals, "letter");
    }
  };
  return { url: `smtp://127.0.0.1:${port}`, letter, stop: () => new Promise((done) => server.close(done)) };
}

/** Quoted-printable as it was written. */
function decoded(text) {
  const whole = text.replaceAll(/=\r?\n/g, "");
  return whole.replaceAll(/=([0-9A-F]{2})/g, (_, hex) => String.fromCharCode(Number.parseInt(hex, 16)));
}
