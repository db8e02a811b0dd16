// The sockets of one store: kept open between requests, the last used first, closed by us before servers close them. The
// idle time is watched here because the agent's own `timeout` costs every request two timers.

import { Agent as HttpAgent } from 'node:http'
import { Agent as HttpsAgent } from 'node:https'
import type { Socket } from 'node:net'
import type { Clock } from '../../../base/clock.ts'

export interface AgentOptions {
  readonly tls: boolean
  readonly socketCountMax: number
  /** A socket unused for this long is closed, within half as much again. */
  readonly freeSocketMs: number
  readonly clock: Clock
  readonly ca?: string | undefined
  readonly insecureTls?: boolean | undefined
}

export function createAgent(options: AgentOptions): HttpAgent {
  const { ca, clock, freeSocketMs, socketCountMax } = options
  const common = {
    keepAlive: true,
    noDelay: true,
    scheduling: 'lifo',
    maxSockets: socketCountMax,
    maxFreeSockets: socketCountMax,
  } as const
  // Set in both cases: the environment must not switch verification off unseen.
  const tls = { ...common, rejectUnauthorized: options.insecureTls !== true, ...(ca === undefined ? {} : { ca }) }
  const agent = options.tls ? new HttpsAgent(tls) : new HttpAgent(common)
  const freedMs = new WeakMap<object, number>()
  let watching = false
  const watch = (): void => {
    watching = true
    clock.timer(freeSocketMs / 2, () => {
      watching = false
      const nowMs = clock.monotonicMs()
      let left = 0
      for (const socket of freeSockets(agent)) {
        if (nowMs - (freedMs.get(socket) ?? 0) >= freeSocketMs) socket.destroy()
        else left++
      }
      if (left > 0) watch()
    })
  }
  Object.assign(agent, {
    keepSocketAlive(socket: Socket): boolean {
      // An idle socket keeps no process alive.
      socket.unref()
      freedMs.set(socket, clock.monotonicMs())
      if (!watching) watch()
      return true
    },
  })
  return agent
}

export function dropFreeSockets(agent: HttpAgent): void {
  for (const socket of freeSockets(agent)) socket.destroy()
}

function freeSockets(agent: HttpAgent): Socket[] {
  return Object.values(agent.freeSockets).flatMap((sockets) => sockets ?? [])
}
