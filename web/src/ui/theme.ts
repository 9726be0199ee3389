import {
  Button,
  createTheme,
  Drawer,
  defaultVariantColorsResolver,
  type MantineColorsTuple,
  Menu,
  Modal,
  Notification,
  Popover,
  Tooltip,
} from "@mantine/core";

// Only placeholders: every colour comes from the tokens in styles/, see styles/mantine.css.
const accent: MantineColorsTuple = [
  "#dcebfa",
  "#c3dffc",
  "#a9d2ff",
  "#8cc1ff",
  "#6fb1ff",
  "#4f9cf5",
  "#2f83dc",
  "#0b5cad",
  "#094d92",
  "#173352",
];

// Scroll locking and dropdown animations inject style elements; the content security policy forbids them.
const overlay = { lockScroll: false, transitionProps: { duration: 120 } };

export const theme = createTheme({
  primaryColor: "accent",
  colors: { accent },
  fontFamily: "var(--font)",
  fontFamilyMonospace: "var(--mono)",
  cursorType: "pointer",
  respectReducedMotion: true,
  defaultRadius: 6,
  variantColorResolver: (input) => {
    if (input.variant === "filled" && input.color === "danger")
      return {
        background: "var(--vermilion-fill)",
        hover: "var(--vermilion-fill)",
        color: "#ffffff",
        border: "1px solid transparent",
      };
    if (input.variant === "filled")
      return {
        background: "var(--accent)",
        hover: "var(--accent-hover)",
        color: "var(--on-accent)",
        border: "1px solid transparent",
      };
    if (input.variant === "subtle")
      return {
        background: "transparent",
        hover: "var(--raised)",
        color: "var(--text-2)",
        border: "1px solid transparent",
      };
    return defaultVariantColorsResolver(input);
  },
  components: {
    Button: Button.extend({ defaultProps: { size: "xs" } }),
    Modal: Modal.extend({ defaultProps: { ...overlay, centered: true, zIndex: 300 } }),
    Drawer: Drawer.extend({ defaultProps: overlay }),
    Notification: Notification.extend({ defaultProps: { closeButtonProps: { "aria-label": "Close" } } }),
    Menu: Menu.extend({ defaultProps: { transitionProps: { duration: 0 } } }),
    Popover: Popover.extend({ defaultProps: { transitionProps: { duration: 0 } } }),
    Tooltip: Tooltip.extend({
      defaultProps: { transitionProps: { duration: 0 }, events: { hover: true, focus: true, touch: true } },
    }),
  },
});
