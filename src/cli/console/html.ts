/** The only document; the script draws everything in it. The token proves to the server that its own page asks. */
export function pageOf(token: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="plimsoll-token" content="${token}">
<meta name="color-scheme" content="light dark">
<title>Plimsoll</title>
<link rel="icon" href="/icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="/console.css">
</head>
<body>
<div id="app"><noscript>The console needs JavaScript. Without it: plimsoll status --watch</noscript></div>
<script type="module" src="/console.js"></script>
</body>
</html>
`;
}

/** The mark on a ship's hull: a circle and the line through it. */
export const icon = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><circle cx="16" cy="16" r="10" fill="none" stroke="#2563eb" stroke-width="4"/><path d="M1 16h30" stroke="#2563eb" stroke-width="4"/></svg>`;

/** Nothing from elsewhere, nothing inline, in nobody's frame. */
export const securityHeaders = {
  'Content-Security-Policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
} as const;
