/** What `/` says while there is no build of the console: without style and script, as the strict policy wants it. */
export const notBuiltPage = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Gapura</title>
</head>
<body>
<h1>Gapura is running. Its console is not built yet.</h1>
<p>Devices, scripts and the API work. To build the console, run this in Gapura's folder and start Gapura again:</p>
<pre>npm run build</pre>
<p>Until then: <a href="/docs">API reference</a> · <a href="/ca.pem">CA certificate for devices</a> ·
<code>npm run gapura -- setup</code> makes the owner from the command line.</p>
</body>
</html>
`;
