// Stands in for Shopify's App Bridge, as one copy of it behaved in 2026-11: a classic script that patches fetch,
// asks the admin for ID tokens, shows toasts there, and answers clicks in the admin's menu.
(() => {
  const tag = document.currentScript;
  if (!tag || tag.async || tag.defer || tag.type === "module") throw new Error("App Bridge must be a classic script.");
  if (!document.querySelector("meta[name=shopify-api-key]")) throw new Error("App Bridge needs the API key.");

  const RETRY = "X-Shopify-Retry-Invalid-Session-Request";
  window.shopify = {
    idToken: () => window.idTokenOfTheAdmin(),
    toast: { show: (text) => parent.postMessage({ toast: text }, "*") },
  };

  const reload = new URLSearchParams(location.search).get("shopify-reload");
  if (reload) {
    shopify.idToken().then((token) => {
      const address = new URL(reload, location.href);
      address.searchParams.set("id_token", token);
      location.replace(address);
    });
    return;
  }

  // Only fetch is patched, only for our own origin, and only a token that was added here is renewed.
  const plainFetch = window.fetch;
  window.fetch = async (resource, options = {}) => {
    const own = new URL(resource.url ?? resource, location.href).origin === location.origin;
    const headers = new Headers(options.headers);
    if (!own || headers.has("Authorization")) return plainFetch(resource, options);
    const ask = async () => {
      headers.set("Authorization", `Bearer ${await shopify.idToken()}`);
      headers.set("X-Requested-With", "XMLHttpRequest");
      return plainFetch(resource, { ...options, headers });
    };
    const response = await ask();
    return response.status === 401 && response.headers.has(RETRY) ? ask() : response;
  };

  // The menu is drawn by the admin; a click there clicks the page's own link.
  document.addEventListener("DOMContentLoaded", () => {
    const links = [...document.querySelectorAll("s-app-nav a")];
    const menu = links.map((link) => ({ href: link.getAttribute("href"), words: link.textContent }));
    parent.postMessage({ menu }, "*");
  });
  addEventListener("message", ({ data }) => {
    const link = [...document.querySelectorAll("a[href]")].find((each) => each.getAttribute("href") === data.open);
    link?.click();
  });
})();
