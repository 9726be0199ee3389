import { Link } from "@tanstack/react-router";
import { useSite } from "../shell/site";
import css from "./Roles.module.css";

const SOURCES: [source: string, theirs: string, here: string][] = [
  [
    "HashCore Pulse",
    "Owner, Administrator, Operations Manager, Technician, Viewer",
    "The same names. Each cell of its table of 18 rows holds here; “In HashCore” at a permission names its row.",
  ],
  [
    "SpiderPool",
    "Account holder, Administrator, Engineer, Accountant",
    "Owner and Administrator approve. Engineer: miners and hashrate, no money. Accountant: money, no miners.",
  ],
  [
    "MiningOS",
    "Admin, site manager, site operator, field operator, repair technician, reporting, read-only",
    "Administrator, Site Manager, Operations Manager, Field Operator, Repair Technician, Reporting Manager, Viewer.",
  ],
];

/** What the roles were modelled on, and how it was decided where those models disagree. */
export function Origins() {
  const site = useSite();
  return (
    <div className={`col gap4 ${css.origins}`}>
      <section className="card col" aria-label="Sources">
        <h2>Sources</h2>
        <table className="data stack">
          <thead>
            <tr>
              <th scope="col">From</th>
              <th scope="col">Its roles</th>
              <th scope="col">Here</th>
            </tr>
          </thead>
          <tbody>
            {SOURCES.map(([source, theirs, here]) => (
              <tr key={source}>
                <td data-label="From">
                  <b>{source}</b>
                </td>
                <td data-label="Its roles">{theirs}</td>
                <td data-label="Here">{here}</td>
              </tr>
            ))}
          </tbody>
        </table>
        <p className="dim small">
          Auditor is new: it reads everything, money and log included, and changes nothing.
        </p>
      </section>
      <section className="card col gap3" aria-label="Where they disagree">
        <h2>Where they disagree, and what holds here</h2>
        <Point title="Who manages people?">
          HashCore’s text and table say the Owner alone; a note beside them says an Administrator may. The
          table holds: the Owner alone. An account can let Administrators manage people, on the{" "}
          <Link to="/s/$site/settings" params={{ site }}>
            Settings
          </Link>{" "}
          page; it is off as delivered, and even then no Administrator touches another Administrator or the
          Owner.
        </Point>
        <Point title="Is a reboot the same right as a pause?">
          HashCore has one row for reboot, restart and pause. Here they are permissions of their own, and
          power mode is a fourth. The first three follow that row, so its roles can do the same as there.
        </Point>
        <Point title="Does an Administrator act, approve, or both?">
          At SpiderPool both; at HashCore the Administrator manages no people. Put together: what concerns
          people is begun by the Owner, and Owner and Administrators approve it.
        </Point>
        <Point title="What does a hosting client see?">
          None of them says. Here a Viewer given some sites sees the machines there and nothing else: not in
          lists, sums, charts, search, exports, nor by guessing an address. A Viewer given everything sees
          everybody’s machines, and the form says so before you send it.
        </Point>
        <Point title="Where do API keys reach?">
          SpiderPool gives them with the whole account only. So a grant with API access always reaches
          everything, and the form then asks for no sites.
        </Point>
      </section>
    </div>
  );
}

function Point({ title, children }: { title: string; children: React.ReactNode }) {
  return (
    <div>
      <h3>{title}</h3>
      <p className="soft">{children}</p>
    </div>
  );
}
