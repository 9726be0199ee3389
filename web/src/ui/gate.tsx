import { IconLock } from "@tabler/icons-react";
import { lazy, type ReactNode, Suspense } from "react";
import css from "./feedback.module.css";
import { useCan } from "./permissions";

const WhyNot = lazy(() => import("./why-not").then((module) => ({ default: module.WhyNot })));

/** A page for whoever holds a permission; for others, what is missing and who can give it. */
export function GatedPage({ needs, name, children }: { needs: string; name: string; children: ReactNode }) {
  const can = useCan()(needs);
  if (can.allowed) return children;
  return (
    <div className="page">
      <h1>{name}</h1>
      <section className={css.empty} aria-label="Not for your roles">
        <IconLock size={28} aria-hidden="true" className="dim" />
        <Suspense fallback={null}>
          <WhyNot can={can} />
        </Suspense>
      </section>
    </div>
  );
}
