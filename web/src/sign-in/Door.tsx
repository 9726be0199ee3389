import type { ReactNode } from "react";
import css from "./SignIn.module.css";

/** The frame of every page before somebody is signed in. */
export function Door({ title, say, children }: { title: string; say?: ReactNode; children?: ReactNode }) {
  return (
    <main className={css.page}>
      <div className={css.box}>
        <div className={css.brand}>
          <img src="/adit.svg" alt="" width={36} height={36} />
          <div>
            <h1>{title}</h1>
            {say && <p className="dim">{say}</p>}
          </div>
        </div>
        {children}
      </div>
    </main>
  );
}
