import { IconArrowLeft } from "@tabler/icons-react";
import { getRouteApi, Link } from "@tanstack/react-router";
import { useSite } from "../shell/site";
import { RequestView } from "./RequestView";

const route = getRouteApi("/s/$site/requests/$id");

export function RequestPage() {
  const { id } = route.useParams();
  const site = useSite();
  return (
    <div className="page">
      <Link to="/s/$site/approvals" params={{ site }} search={{ tab: "all" }} className="row small">
        <IconArrowLeft size={14} aria-hidden="true" /> All requests
      </Link>
      <RequestView id={id} />
    </div>
  );
}
