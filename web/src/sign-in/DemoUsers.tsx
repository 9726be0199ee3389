import { useQuery } from "@tanstack/react-query";
import { signInOptionsQuery } from "../api/account";
import { demoUsersQuery } from "../api/queries";
import type { DemoUser } from "../api/types";
import css from "./SignIn.module.css";

/** The people of the demo; a real server does not have this list. */
export function DemoUsers({ onPick }: { onPick: (user: DemoUser) => void }) {
  const { data: options } = useQuery(signInOptionsQuery);
  const { data } = useQuery({ ...demoUsersQuery, enabled: options?.demo === true });
  if (!data || data.length === 0) return null;
  return (
    <section className="col" aria-label="Demo people">
      <div>
        <h2>This is the demo</h2>
        <p className="dim small">
          Choose somebody to fill in the form. Sign in as two of them to see an approval.
        </p>
      </div>
      <ul className="plain card" style={{ padding: 4 }}>
        {data.map((user) => (
          <li key={user.email}>
            <button type="button" className={css.user} onClick={() => onPick(user)}>
              <span>{user.name}</span>
              <span className="dim small">{user.role === user.name ? user.email : user.role}</span>
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}
