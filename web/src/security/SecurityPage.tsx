import { useQuery } from "@tanstack/react-query";
import { securityQuery } from "../api/account";
import { useSession } from "../api/session";
import { LoadError, Waiting } from "../ui/feedback";
import { EmailSection } from "./EmailSection";
import { IdentitySection } from "./IdentitySection";
import { PasskeySection } from "./PasskeySection";
import { PasswordSection } from "./PasswordSection";
import { SessionSection } from "./SessionSection";
import { TotpSection } from "./TotpSection";

/** How one signs in oneself. */
export function SecurityPage() {
  const session = useSession();
  const { data, error, refetch } = useQuery(securityQuery);
  return (
    <div className="page" style={{ maxWidth: 860 }}>
      <header>
        <h1>Security</h1>
        <p className="dim">How {session.user.name} signs in, and where. Only you see and change this.</p>
      </header>
      {error ? (
        <LoadError error={error} retry={() => void refetch()} />
      ) : !data ? (
        <Waiting rows={5} height={84} />
      ) : (
        <>
          <PasswordSection security={data} />
          <TotpSection security={data} />
          <PasskeySection security={data} />
          <IdentitySection security={data} />
          <EmailSection security={data} />
        </>
      )}
      <SessionSection />
    </div>
  );
}
