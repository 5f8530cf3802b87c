import { once } from 'node:events'
import type { AddressInfo, Server, Socket } from 'node:net'
import type { Listening } from './listen.js'

/** Lets a net server listen on a free port; `sockets` are cut when it closes. */
export async function listen(server: Server, sockets: readonly Socket[]): Promise<Listening> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      const closed = once(server, 'close')
      server.close()
      for (const socket of sockets) socket.destroy()
      await closed
    },
  }
}
