import "./styles/index.css";
import { localStorageColorSchemeManager, MantineProvider } from "@mantine/core";
import { Notifications } from "@mantine/notifications";
import { QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { queryClient, whenGone, whenSignedOut } from "./api/query";
import { forgetSession } from "./api/session";
import { router } from "./router";
import { FirstWait } from "./shell/FirstWait";
import { theme } from "./ui/theme";

whenSignedOut(forgetSession);
whenGone(() => {
  if (router.state.location.pathname === "/gone") return;
  // That page forgets what was shown, once nothing of it is shown any more.
  void router.navigate({ to: "/gone", replace: true });
});
const colorScheme = localStorageColorSchemeManager({ key: "adit-color-scheme" });

const root = document.getElementById("root");
if (!root) throw new Error("index.html has no root element");
createRoot(root).render(
  <StrictMode>
    <MantineProvider
      theme={theme}
      defaultColorScheme="dark"
      colorSchemeManager={colorScheme}
      withCssVariables={false}
      withGlobalClasses={false}
    >
      <QueryClientProvider client={queryClient}>
        <FirstWait />
        <RouterProvider router={router} />
        <Notifications position="bottom-right" limit={4} zIndex={250} />
      </QueryClientProvider>
    </MantineProvider>
  </StrictMode>,
);
