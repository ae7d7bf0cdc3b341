import { byId } from "./elements.ts";

/** The button that changes between light and dark; until it is used the page is as the system is. */
export function offerThemes(): void {
  const button = byId("theme");
  const isDark = window.matchMedia("(prefers-color-scheme: dark)");
  const root = document.documentElement;
  const current = (): string => root.dataset["theme"] ?? (isDark.matches ? "dark" : "light");
  const say = (): void => {
    button.text(current() === "dark" ? "Light colours" : "Dark colours");
  };
  button.on("click", () => {
    root.dataset["theme"] = current() === "dark" ? "light" : "dark";
    say();
  });
  isDark.addEventListener("change", say);
  say();
}
