import { CopyIcon } from "../ui/copy-icon";
import css from "../ui/feedback.module.css";

/** Without the token: others on the machine see what programs are started with. */
const COMMAND = `adit agent --server ${location.origin.replace(/^http/, "ws")} --token-file -`;

/** What starts an agent on a machine of its site; it then waits for its token. */
export function AgentCommand() {
  return (
    <div className="row" style={{ alignItems: "stretch" }}>
      <code className={`num grow ${css.secret}`}>{COMMAND}</code>
      <CopyIcon value={COMMAND} what="the command" />
    </div>
  );
}
