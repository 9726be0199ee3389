import { Fragment } from "react";
import { splitApprovers } from "./actions";

/** Who may approve: roles by their names, permissions by their ids. */
export function Approvers({ of: approvers }: { of: readonly string[] }) {
  const { roles, permissions } = splitApprovers(approvers);
  return (
    <>
      {roles}
      {permissions.length > 0 && (roles ? " or holders of " : "Holders of ")}
      {permissions.map((permission, index) => (
        <Fragment key={permission}>
          {index > 0 && (index === permissions.length - 1 ? " or " : ", ")}
          <span className="num small">{permission}</span>
        </Fragment>
      ))}
    </>
  );
}
