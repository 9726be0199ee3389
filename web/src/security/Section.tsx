import type { ReactNode } from "react";
import css from "./Security.module.css";

/** One matter of the page: what it is, how it stands, what can be done. */
export function Section({
  title,
  state,
  children,
  action,
}: {
  title: string;
  state: ReactNode;
  children?: ReactNode;
  action?: ReactNode;
}) {
  return (
    <section className={`card ${css.section}`} aria-label={title}>
      <div className={css.head}>
        <div className="grow">
          <h2>{title}</h2>
          <p className={`soft ${css.state}`}>{state}</p>
        </div>
        {action && <div className={css.action}>{action}</div>}
      </div>
      {children}
    </section>
  );
}
