import { Button, Checkbox, Modal } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { chooseLetters, lettersQuery } from "../api/inbox";
import type { LetterChoice } from "../api/types";
import { useSite } from "../shell/site";
import { LoadError, Note, ProblemNote, Waiting } from "../ui/feedback";
import { told } from "../ui/toast";
import { useSubmit } from "../ui/use-submit";

const CHOICES: [keyof LetterChoice, string, string][] = [
  ["needs_me", "What needs me", "Requests that wait for my vote, reminders, recoveries to be looked at."],
  ["mine", "What is mine", "How my requests end, what is said about them, and what changes about my roles."],
  ["told", "What I answer for", "What others ask for about people, rules and money, and how it ends."],
  [
    "heads",
    "The log's head, every day",
    "For the Owner and Administrators: a line that proves later what the audit log was.",
  ],
];

/** Of what I get letters. */
export function LettersDialog({ opened, onClose }: { opened: boolean; onClose: () => void }) {
  return (
    <Modal opened={opened} onClose={onClose} title="Letters" closeButtonProps={{ "aria-label": "Close" }}>
      <Choices onClose={onClose} />
    </Modal>
  );
}

function Choices({ onClose }: { onClose: () => void }) {
  const site = useSite();
  const { data, error, refetch } = useQuery(lettersQuery);
  const [changed, setChanged] = useState<Partial<LetterChoice>>({});
  const submit = useSubmit(async () => {
    if (!data) return;
    const { needs_me, mine, told: others, heads } = { ...data, ...changed };
    await chooseLetters({ needs_me, mine, told: others, heads });
    told("Letters changed");
    onClose();
  });
  if (error) return <LoadError error={error} retry={() => void refetch()} />;
  if (!data) return <Waiting rows={3} height={44} />;
  return (
    <form className="col gap3" onSubmit={submit.submit}>
      <p className="soft">
        A letter says what happened and leads here; deciding is done here, signed in. Everything stays in the
        inbox either way.
      </p>
      {!data.sent ? (
        <Note tone="warn" title="This server sends no letters">
          Whoever runs it can name a mail server.
        </Note>
      ) : (
        !data.email_verified && (
          <Note tone="warn" title="Your e-mail is not confirmed">
            Letters go only to addresses that are known to be yours:{" "}
            <Link to="/s/$site/security" params={{ site }}>
              confirm it
            </Link>
            .
          </Note>
        )
      )}
      {CHOICES.map(([choice, word, more]) => (
        <Checkbox
          key={choice}
          label={word}
          description={more}
          checked={changed[choice] ?? data[choice]}
          onChange={(event) => setChanged({ ...changed, [choice]: event.currentTarget.checked })}
        />
      ))}
      <p className="dim small">
        Of recoveries, offers of ownership and the end of the account you always get letters.
      </p>
      {submit.error !== null && <ProblemNote error={submit.error} />}
      <div className="row" style={{ justifyContent: "flex-end" }}>
        <Button variant="default" onClick={onClose}>
          Cancel
        </Button>
        <Button type="submit" loading={submit.busy}>
          Save
        </Button>
      </div>
    </form>
  );
}
