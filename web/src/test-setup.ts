import { vi } from "vitest";

vi.stubEnv("TZ", "UTC");
