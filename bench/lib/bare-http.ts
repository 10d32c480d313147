/** What the device API is measured against: node:http that parses the same JSON and answers 200, and nothing else. */
import http from 'node:http';

const server = http.createServer((request, response) => {
  const parts: Buffer[] = [];
  request.on('data', (part: Buffer) => parts.push(part));
  request.on('end', () => {
    JSON.parse((parts.length === 1 ? parts[0] : Buffer.concat(parts))?.toString() ?? '');
    response.writeHead(200, { 'content-length': 0 }).end();
  });
});
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  console.log(typeof address === 'object' && address !== null ? address.port : '');
});
