// Copyright (c) The SigNoz community provider authors
// SPDX-License-Identifier: MPL-2.0

package signoztest

// webPage is what SigNoz answers to every call it doesn't know: the start page
// of its web application, with status 200.
const webPage = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta http-equiv="cache-control" content="no-cache, no-store, must-revalidate, max-age: 0" />
    <meta name="viewport" content="width=device-width, initial-scale=1.0" />
    <title>Open source Observability platform | SigNoz</title>
    <meta name="description" content="SigNoz is an open-source observability tool powered by OpenTelemetry." />
    <base href="/" />
    <link rel="shortcut icon" href="/favicon.ico" />
    <script type="module" crossorigin src="/assets/index.js"></script>
    <link rel="stylesheet" href="/assets/index.css" />
  </head>
  <body>
    <noscript>You need to enable JavaScript to run this app.</noscript>
    <div id="root"></div>
  </body>
</html>
`

const htmlContentType = "text/html; charset=utf-8"
