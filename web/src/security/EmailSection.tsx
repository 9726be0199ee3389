import { Button } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { sendVerification, signInOptionsQuery } from "../api/account";
import type { Security } from "../api/account-types";
import { GatedButton } from "../ui/gated";
import { refused, told } from "../ui/toast";
import { useSubmit } from "../ui/use-submit";
import { Section } from "./Section";

export function EmailSection({ security }: { security: Security }) {
  const { data: options } = useQuery(signInOptionsQuery);
  const { busy, submit } = useSubmit(async () => {
    try {
      await sendVerification();
      told("Mail sent", `Open the link in the mail to ${security.email}.`);
    } catch (error) {
      refused(error);
    }
  });
  const mails = options?.email !== false;
  return (
    <Section
      title="E-mail"
      state={
        <>
          <span className="num">{security.email}</span>
          {security.email_verified
            ? ", confirmed: a forgotten password can be reset by mail."
            : mails
              ? ", not confirmed yet: until it is, what you approve does not count."
              : `, not confirmed yet: until it is, what you approve does not count. This server sends no mail: whoever runs it confirms yours with adit people verify ${security.email}.`}
        </>
      }
      action={
        security.email_verified ? null : mails ? (
          <Button variant="default" loading={busy} onClick={() => void submit()}>
            Send the confirmation mail
          </Button>
        ) : (
          <GatedButton why="This server is not set up to send mail." variant="default">
            Send the confirmation mail
          </GatedButton>
        )
      }
    />
  );
}
