import { type Outcome, outcomeWord } from "./outcome";
import css from "./Roles.module.css";

/** No, at once, or after others agreed: a shape for each, and the word for who cannot see it. */
export function Mark({ what, word = false }: { what: Outcome; word?: boolean }) {
  return (
    <span className={`${css.mark} ${css[what.kind]}`}>
      <svg viewBox="0 0 12 12" width={12} height={12} aria-hidden="true">
        {what.kind === "no" ? (
          <path d="M3.5 6h5" stroke="currentColor" strokeWidth="1.4" />
        ) : what.kind === "do" ? (
          <circle cx="6" cy="6" r="4.6" fill="currentColor" />
        ) : (
          <>
            <circle cx="6" cy="6" r="4" fill="none" stroke="currentColor" strokeWidth="1.5" />
            <path d="M6 2a4 4 0 0 0 0 8z" fill="currentColor" />
          </>
        )}
      </svg>
      {what.kind === "ask" && !word && (
        <span className="num small" aria-hidden="true">
          {what.more}
        </span>
      )}
      <span className={word ? undefined : "sr"}>{outcomeWord(what)}</span>
    </span>
  );
}

/** A permission that guards nothing yet. */
export function Reserved() {
  return <span className={css.reserved}>reserved</span>;
}

export function Legend() {
  return (
    <ul className={`plain row wrap ${css.legend}`} aria-label="What the marks mean">
      <li className="row">
        <Mark what={{ kind: "do" }} /> does it at once
      </li>
      <li className="row">
        <Mark what={{ kind: "ask", more: 1 }} /> asks; so many others must approve
      </li>
      <li className="row">
        <Mark what={{ kind: "no" }} /> may not
      </li>
      <li className="row">
        <Reserved /> nothing to do with it yet
      </li>
    </ul>
  );
}
