import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

const server = process.env.ADIT_SERVER ?? "http://127.0.0.1:8080";
const proxy = { "/api": { target: server, changeOrigin: false } };

export default defineConfig({
  plugins: [react()],
  build: {
    target: "es2023",
    // Fonts and images stay files: the content security policy allows no data: fonts.
    assetsInlineLimit: 0,
    sourcemap: false,
  },
  server: { host: "127.0.0.1", proxy },
  preview: { host: "127.0.0.1", proxy },
  test: {
    environment: "happy-dom",
    include: ["src/**/*.test.{ts,tsx}"],
    setupFiles: ["src/test-setup.ts"],
  },
});
