import { Drawer } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { lazy, Suspense, useState } from "react";
import { twoAddresses } from "../agents/places";
import type { SeenRow } from "../api/merge";
import { agentsQuery, deviceQuery } from "../api/queries";
import type { Action, DeviceRow } from "../api/types";
import { useSite, useSiteName } from "../shell/site";
import { LoadError, Note, Tile, Tiles, Waiting } from "../ui/feedback";
import { ago, celsius, dateTime, duration, hashrate, NONE, power, sig3, words } from "../ui/format";
import { useCan } from "../ui/permissions";
import { RequestStateMark } from "../ui/request-state";
import { Status } from "../ui/status";
import { useNow } from "../ui/use-now";
import { ActionButtons } from "./ActionButtons";
import css from "./Devices.module.css";
import { activityText, connectivityText } from "./levels";
import { useDraftAction } from "./use-draft-action";

const PoolsDialog = lazy(() => import("./PoolsDialog").then((module) => ({ default: module.PoolsDialog })));

export function DeviceDrawer({ id, onClose }: { id: string | undefined; onClose: () => void }) {
  const { data, error, refetch } = useQuery({ ...deviceQuery(id ?? ""), enabled: id !== undefined });
  return (
    <Drawer
      opened={id !== undefined}
      onClose={onClose}
      position="right"
      size={460}
      title={data?.name ?? "Device"}
      closeButtonProps={{ "aria-label": "Close" }}
    >
      {error ? (
        <LoadError error={error} retry={() => void refetch()} />
      ) : data ? (
        <Details device={data} />
      ) : (
        <Waiting rows={5} height={48} />
      )}
    </Drawer>
  );
}

function Details({ device }: { device: SeenRow }) {
  const now = useNow();
  const can = useCan(device.id);
  const siteName = useSiteName();
  const { data: agents } = useQuery(agentsQuery);
  const { draft, busy } = useDraftAction();
  const [pools, setPools] = useState(false);
  const ask = (action: Action) => void draft(action, new Map([[device.site, [device.id]]]));
  const share =
    device.hashrate_ths !== null && device.expected_hashrate_ths
      ? `${sig3((100 * device.hashrate_ths) / device.expected_hashrate_ths)} % of ${hashrate(device.expected_hashrate_ths)}`
      : undefined;
  return (
    <div className="col gap4">
      <div className="row between">
        <Status status={device.status} />
        <span className="dim small" title={dateTime(device.since)}>
          since {ago(device.since, now).replace(" ago", "")}
          {device.seen_at !== null && `, seen ${ago(device.seen_at, now)}`}
        </span>
      </div>
      <dl className={css.facts}>
        <Level word="Connection" text={connectivityText(device)} since={device.connectivity.since} />
        <Level
          word="Activity"
          text={activityText(device)}
          since={device.activity.value === null ? undefined : device.activity.since}
        />
      </dl>
      {!device.current && device.told_at !== null && (
        <Note
          title={`Last known values, ${ago(device.told_at, now)}${device.restored ? ", from before the server's last start" : ""}`}
        >
          They are in no sum.
        </Note>
      )}
      {device.errors.length > 0 && (
        <Note tone="bad" title="The device reports">
          {device.errors.map((text) => (
            <div key={text}>{text}</div>
          ))}
        </Note>
      )}
      <div className={device.current ? undefined : css.stale}>
        <Tiles>
          <Tile label="Hashrate" value={hashrate(device.hashrate_ths)} note={share} />
          <Tile
            label="Power"
            value={power(device.power_w)}
            note={device.power_mode ? `mode ${device.power_mode}` : undefined}
          />
          <Tile
            label="Hottest chip"
            value={device.temp_chip_max_c === null ? NONE : `${celsius(device.temp_chip_max_c)} °C`}
            note={device.temp_inlet_c === null ? undefined : `inlet ${celsius(device.temp_inlet_c)} °C`}
          />
          <Tile
            label="Fans"
            value={device.fan_rpm === null ? NONE : `${sig3(device.fan_rpm)} rpm`}
            note={`up ${duration(device.uptime_s)}`}
          />
        </Tiles>
      </div>
      <section className="col" aria-label="Actions">
        <h2>Actions</h2>
        <div className="row wrap">
          <ActionButtons can={can} ask={ask} askPools={() => setPools(true)} busy={busy} device={device} />
        </div>
        <p className="small dim">Actions go into your draft; nothing happens before you submit it.</p>
      </section>
      <Holding device={device} />
      <section className="col">
        <h2>Device</h2>
        <dl className={css.facts}>
          <Fact word="Id" value={device.id} num />
          <Fact word="Model" value={`${device.make} ${device.model}`.trim()} />
          <Fact word="Firmware" value={device.firmware || NONE} num />
          <Fact word="Driver" value={device.driver} />
          <Fact word="Address" value={device.ip} num />
          <Fact word="MAC" value={device.mac ?? NONE} num />
          <Fact word="Site" value={siteName(device.site)} />
          <Fact word="Container" value={device.container?.name ?? NONE} />
          <Fact word="Sub-account" value={device.sub_account?.name ?? NONE} />
          <Fact
            word="Agent"
            value={agents?.items.find((agent) => agent.id === device.agent)?.name ?? device.agent}
          />
          <Fact
            word="Locate light"
            value={device.led_on === null ? "Not known" : device.led_on ? "On" : "Off"}
          />
        </dl>
        <Claims device={device} />
      </section>
      <section className="col">
        <h2>Pools</h2>
        {device.pools?.length ? (
          <ol className="plain col">
            {device.pools.map((pool) => (
              <li key={`${pool.url} ${pool.user}`} className="small">
                <div className="num" style={{ overflowWrap: "anywhere" }}>
                  {pool.url}
                </div>
                <div className="dim num">{pool.user}</div>
              </li>
            ))}
          </ol>
        ) : (
          <p className="dim">{device.pools === null ? "Not reported" : "None set"}</p>
        )}
      </section>
      {pools && (
        <Suspense fallback={null}>
          <PoolsDialog targets={[device.id]} onClose={() => setPools(false)} onSet={ask} />
        </Suspense>
      )}
    </div>
  );
}

/** Who sees it elsewhere. */
function Claims({ device }: { device: DeviceRow }) {
  const twice = twoAddresses(device.ip, device.claims);
  const others = device.claims.filter((claim) => !claim.by_holder);
  const agents = [...new Set(others.map((claim) => claim.agent ?? "An agent out of your reach"))];
  return (
    <>
      {twice && (
        <Note tone="warn" title={`It ${twice.says}`}>
          {twice.todo}
        </Note>
      )}
      {agents.length > 0 && (
        <Note tone="warn" title="Reported by two agents">
          {agents.join(", ")} sees it, too. Orders go to the agent above until somebody settles it under
          Agents & scans.
        </Note>
      )}
    </>
  );
}

function Holding({ device }: { device: DeviceRow }) {
  const site = useSite();
  return (
    <section className="col">
      <h2>Requests</h2>
      <ul className="plain col">
        {device.open.map((open) => (
          <li key={open.request} className="row between">
            <Link to="/s/$site/requests/$id" params={{ site, id: open.request }} className="row">
              R-{open.number} {words(open.action)}
            </Link>
            <RequestStateMark state={open.state} />
          </li>
        ))}
      </ul>
      <Link to="/s/$site/requests" params={{ site }} search={{ device: device.id }} className="row">
        Every request of this device
      </Link>
    </section>
  );
}

function Level({ word, text, since }: { word: string; text: string; since: number | undefined }) {
  const now = useNow(5_000);
  return (
    <>
      <dt>{word}</dt>
      <dd title={since === undefined ? undefined : dateTime(since)}>
        {text}
        {since !== undefined && <span className="dim"> since {ago(since, now).replace(" ago", "")}</span>}
      </dd>
    </>
  );
}

function Fact({ word, value, num = false }: { word: string; value: string; num?: boolean }) {
  return (
    <>
      <dt>{word}</dt>
      <dd className={num ? "num" : undefined}>{value}</dd>
    </>
  );
}
