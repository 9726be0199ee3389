import { IconPlus, IconUsersGroup } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import {
  createSubAccount,
  removeSubAccount,
  renameSubAccount,
  type SubAccount,
  type SubAccountListed,
} from "../api/estate";
import { placesQuery } from "../api/people";
import { ALL_SITES } from "../api/queries";
import { LinksCard } from "../observers/LinksCard";
import { useSite } from "../shell/site";
import { Address } from "../ui/address";
import { Ask } from "../ui/ask";
import { Empty, LoadError, Waiting } from "../ui/feedback";
import { count, NONE, plural } from "../ui/format";
import { GatedButton } from "../ui/gated";
import { NameDialog } from "../ui/name-dialog";
import { useCan } from "../ui/permissions";
import { TaskMenu } from "../ui/task-menu";
import { told } from "../ui/toast";
import { useOutcome } from "../ui/use-outcome";

type Task = { kind: "new" } | { kind: "rename" | "remove"; subAccount: SubAccount };

const NAME = /^[a-z0-9]{5,20}$/;
const NAME_WORDS = "5 to 20 small letters and digits.";

/** Whose machines are whose: each sub-account with the devices that mine for it, what it is owed and where that goes. */
export function SubAccountsPage() {
  const can = useCan();
  const { data, error, refetch } = useQuery({ ...placesQuery, refetchOnMount: "always" });
  const [task, setTask] = useState<Task | null>(null);
  const close = () => setTask(null);
  const shown = data?.subAccounts ?? [];
  return (
    <div className="page">
      <header className="row between wrap">
        <div>
          <h1>Sub-accounts</h1>
          <p className="dim">
            {data
              ? `${plural(shown.length, "sub-account")}. Open one for its wallet and revenue; devices are assigned on the devices page.`
              : "Loading…"}
          </p>
        </div>
        <GatedButton
          why={can("subaccount.create")}
          leftSection={<IconPlus size={14} aria-hidden="true" />}
          onClick={() => setTask({ kind: "new" })}
        >
          Add a sub-account…
        </GatedButton>
      </header>
      {error ? (
        <LoadError error={error} retry={() => void refetch()} />
      ) : !data ? (
        <Waiting rows={3} height={44} />
      ) : shown.length === 0 ? (
        <Empty
          title="No sub-account yet"
          icon={<IconUsersGroup size={28} aria-hidden="true" className="dim" />}
        >
          <p>
            A sub-account is whom machines mine for, such as a hosting client: whoever has a role for it sees
            its machines and nothing else.
          </p>
        </Empty>
      ) : (
        <Table subAccounts={shown} onTask={setTask} />
      )}
      {data && <LinksCard subAccounts={shown} />}
      {task?.kind === "new" && (
        <NameDialog
          title="Add a sub-account"
          description={NAME_WORDS}
          pattern={NAME}
          maxLength={20}
          confirm="Add"
          onClose={close}
          send={async (name) => {
            await createSubAccount(name);
            told("Sub-account added", name);
            close();
          }}
        />
      )}
      {task?.kind === "rename" && (
        <NameDialog
          title={`Rename ${task.subAccount.name}`}
          description={NAME_WORDS}
          pattern={NAME}
          maxLength={20}
          start={task.subAccount.name}
          confirm="Rename"
          onClose={close}
          send={async (name) => {
            await renameSubAccount(task.subAccount, name);
            told("Sub-account renamed", name);
            close();
          }}
        />
      )}
      {task?.kind === "remove" && <Remove subAccount={task.subAccount} onClose={close} />}
    </div>
  );
}

function Table({ subAccounts, onTask }: { subAccounts: SubAccountListed[]; onTask: (task: Task) => void }) {
  const can = useCan();
  const moneyed = subAccounts.some((each) => each.money !== null);
  const site = useSite();
  const create = can("subaccount.create").why;
  const remove = can("subaccount.delete").why;
  return (
    <div className="card scroll-x" style={{ padding: 0 }}>
      <table className="data stack">
        <thead>
          <tr>
            <th scope="col">Name</th>
            <th scope="col" className="r">
              Devices
            </th>
            {moneyed && (
              <>
                <th scope="col" className="r">
                  Due, sat
                </th>
                <th scope="col">Paid to</th>
              </>
            )}
            <th scope="col">
              <span className="sr">What to do</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {subAccounts.map((subAccount) => (
            <tr key={subAccount.id}>
              <td data-label="Name">
                <Link to="/s/$site/sub-accounts/$id" params={{ site, id: subAccount.id }}>
                  {subAccount.name}
                </Link>
              </td>
              <td data-label="Devices" className="r num">
                <Link
                  to="/s/$site/devices"
                  params={{ site: ALL_SITES }}
                  search={{ sub_account: subAccount.id }}
                  aria-label={`${plural(subAccount.devices, "device")} of ${subAccount.name}`}
                >
                  {count(subAccount.devices)}
                </Link>
              </td>
              {moneyed && <Money of={subAccount} />}
              <td data-label="" className="r menu">
                <TaskMenu
                  of={subAccount.name}
                  tasks={[
                    { word: "Rename…", why: create, run: () => onTask({ kind: "rename", subAccount }) },
                    {
                      word: "Remove…",
                      why: remove || held(subAccount),
                      run: () => onTask({ kind: "remove", subAccount }),
                      danger: true,
                    },
                  ]}
                />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** What one is owed, and the end of the address that gets it. */
function Money({ of: { money } }: { of: SubAccountListed }) {
  return (
    <>
      <td data-label="Due, sat" className="r num">
        {money ? count(money.due_sat) : NONE}
      </td>
      <td data-label="Paid to">
        {!money ? NONE : money.address ? <Address value={money.address} /> : "No address yet"}
      </td>
    </>
  );
}

const held = ({ devices }: SubAccount) =>
  devices === 0
    ? ""
    : `${plural(devices, "device")} ${devices === 1 ? "belongs" : "belong"} to it: assign ${devices === 1 ? "it" : "them"} elsewhere first.`;

function Remove({ subAccount, onClose }: { subAccount: SubAccount; onClose: () => void }) {
  const tell = useOutcome();
  return (
    <Ask
      opened
      onClose={onClose}
      title={`Remove ${subAccount.name}?`}
      confirm="Remove"
      danger
      onConfirm={async () => tell(await removeSubAccount(subAccount), `${subAccount.name} removed`)}
    >
      <p className="soft">
        No device belongs to it. Roles that were given for it reach nothing any more; a new sub-account of the
        same name is another one.
      </p>
    </Ask>
  );
}
