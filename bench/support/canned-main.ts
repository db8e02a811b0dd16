// A server that costs next to nothing: the same 4 KiB object for every GET, from a socket, as S3 would send it. What a
// client spends on a request is then its own. Prints its URL.

import { createServer } from 'node:net'
import { crc32 } from 'node:zlib'

const body = Buffer.alloc(4096, 'x')
const sum = Buffer.alloc(4)
sum.writeUInt32BE(crc32(body))
const head = [
  'HTTP/1.1 200 OK',
  `Date: ${new Date().toUTCString()}`,
  'Server: AmazonS3',
  'ETag: "0123456789abcdef0123456789abcdef"',
  'Last-Modified: Wed, 25 Nov 2026 01:00:00 GMT',
  'Content-Type: binary/octet-stream',
  `Content-Length: ${body.byteLength}`,
  'Accept-Ranges: bytes',
  'x-amz-request-id: 4442587FB7D0A2F9',
  'x-amz-id-2: eftixk72aD6Ap51TnqcoF8eFidJG9Z/2mkiDFu8yU9AS1ed4OpIszj7UDNEHGran',
  'x-amz-server-side-encryption: AES256',
  `x-amz-checksum-crc32: ${sum.toString('base64')}`,
  'x-amz-checksum-type: FULL_OBJECT',
]
const reply = Buffer.concat([Buffer.from(`${head.join('\r\n')}\r\n\r\n`), body])

// Requests are GETs without bodies, one in flight on each connection.
const server = createServer((socket) => {
  socket.setNoDelay(true)
  socket.on('error', () => socket.destroy())
  socket.on('data', () => void socket.write(reply))
})
server.listen(0, '127.0.0.1', () => {
  const address = server.address()
  if (address !== null && typeof address === 'object') console.log(`http://127.0.0.1:${address.port}`)
})
