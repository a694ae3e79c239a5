import type { Context } from "hono";

/** Answers with a page. @param policy what the page may load and run */
export function page(context: Context, text: string, policy: string): Response {
  return context.body(text, 200, {
    "content-type": "text/html; charset=utf-8",
    "content-security-policy": `${policy}; frame-ancestors 'none'`,
  });
}
