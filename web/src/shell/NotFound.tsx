import { Button } from "@mantine/core";
import { type ErrorComponentProps, Link, useRouter } from "@tanstack/react-router";
import { Empty, LoadError } from "../ui/feedback";

export function NotFound() {
  return (
    <Empty title="There is no page at this address" level="h1">
      <p>It may have been moved, or the link may have been cut short.</p>
      <Link to="/" className="row">
        Go to the devices
      </Link>
    </Empty>
  );
}

export function PageError({ error, reset }: ErrorComponentProps) {
  const router = useRouter();
  return (
    <LoadError
      error={error}
      retry={() => {
        reset();
        void router.invalidate();
      }}
    />
  );
}

export function BackToDevices({ site }: { site: string }) {
  return (
    <Button component={Link} to="/s/$site/devices" params={{ site } as never} variant="default">
      Go to the devices
    </Button>
  );
}
