import { Button } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { Link, useNavigate } from "@tanstack/react-router";
import { createRequest } from "../api/mutations";
import { useSession } from "../api/session";
import type { Request } from "../api/types";
import { useSite } from "../shell/site";
import { Ask } from "../ui/ask";
import { Note } from "../ui/feedback";
import { told } from "../ui/toast";
import { pageOf, repeats } from "./again";
import { AGAIN } from "./items";

/** For whoever asked for something other than devices that came to nothing: the same once more, or where to ask for something else. */
export function Again({ request }: { request: Request }) {
  const site = useSite();
  const navigate = useNavigate();
  const [asking, ask] = useDisclosure(false);
  const mine = useSession().user.id === request.initiator.id;
  const page = pageOf(request.action);
  if (!mine || !page || !AGAIN.includes(request.state)) return null;
  const there = (
    <Link to={page.to} params={{ site }}>
      {page.word}
    </Link>
  );
  if (!repeats(request.action))
    return (
      <Note title="To ask again, begin anew">
        A secret of its own went with this request, so it cannot be repeated: ask for another on {there}.
      </Note>
    );
  return (
    <section className="row wrap" aria-label="Ask again">
      <Button variant="default" onClick={ask.open}>
        Ask again…
      </Button>
      <span className="soft">or ask for something else on {there}</span>
      <Ask
        opened={asking}
        onClose={ask.close}
        title={`Ask again for what R-${request.number} asked for?`}
        confirm="Ask again"
        reason="optional"
        initial={request.reason ?? ""}
        onConfirm={async (reason) => {
          const next = await createRequest(request.action, [], reason);
          told(`R-${next.number} asks again for what R-${request.number} asked for`);
          await navigate({ to: "/s/$site/requests/$id", params: { site, id: next.id } });
        }}
      >
        <p>
          <b>{request.title}</b>
        </p>
        <p className="soft">
          It becomes a request of its own, under today’s rule, with the same values and no votes but yours if
          you count.
        </p>
      </Ask>
    </section>
  );
}
