// The calls of one thread, over whatever carries them: the shared cache first where an answer may come from it, the
// engine otherwise.

import { VolumeError } from '../base/errors.ts'
import type { VolumeCalls } from '../volume/calls.ts'
import type { Caller, VolumeEvent } from '../volume/types.ts'
import type { EngineClient, SyncVolumeCalls } from './engine-client.ts'
import { processCaller } from './identity.ts'
import { callNames } from './rpc/call-names.ts'
import type { CallName, MethodName } from './rpc/call-names.ts'
import type { CacheHint } from './rpc/messages.ts'
import { nextTurn } from './rpc/next-turn.ts'
import type { CacheReader } from './shared/cache-reader.ts'

/** How calls get to the engine. */
export interface Transport {
  call(name: MethodName, args: readonly unknown[], onHint?: (hint: CacheHint) => void): Promise<unknown>
  callSync(name: MethodName, args: readonly unknown[], onHint: (hint: CacheHint) => void): unknown
  subscribe(listener: (event: VolumeEvent) => void): () => void
}

export interface ClientParts {
  readonly transport: Transport
  readonly reader: CacheReader
  /** Drains and detaches. Called once. */
  readonly close: () => Promise<void>
}

/** After `close` every call fails with EBADF. */
export function createClient({ transport: open, reader, close }: ClientParts): EngineClient {
  let closing: Promise<void> | undefined
  const transport: Transport = {
    call: (name, args, onHint) => (closing ? Promise.reject(closedVolume()) : open.call(name, args, onHint)),
    callSync(name, args, onHint) {
      if (closing) throw closedVolume()
      return open.callSync(name, args, onHint)
    },
    subscribe: (listener) => open.subscribe(listener),
  }
  return {
    calls: createCalls(transport, reader),
    sync: createSyncCalls(transport, reader),
    peek: reader,
    caller: processCaller,
    subscribe: (listener) => transport.subscribe(listener),
    metrics: () => transport.call('metrics', []) as Promise<Readonly<Record<string, unknown>>>,
    close() {
      reader.forget()
      return (closing ??= close())
    },
  }
}

function createCalls(transport: Transport, reader: CacheReader): VolumeCalls {
  const calls: Record<string, (...args: readonly unknown[]) => Promise<unknown>> = {}
  for (const name of callNames) calls[name] = (...args) => transport.call(name, args)
  for (const name of ['stat', 'readFile', 'readdir'] as const) {
    calls[name] = (...args) => {
      const known = peek(reader, name, args)
      if (known === undefined || (args[0] as Caller).signal?.aborted)
        return transport.call(name, args, (hint) => learn(reader, name, args, hint))
      return nextTurn(known === 'ENOENT' ? new VolumeError('ENOENT') : known)
    }
  }
  return calls as unknown as VolumeCalls
}

function createSyncCalls(transport: Transport, reader: CacheReader): SyncVolumeCalls {
  const calls: Record<string, (...args: readonly unknown[]) => unknown> = {}
  for (const name of callNames) {
    const ask = (args: readonly unknown[]): unknown =>
      transport.callSync(name, args, (hint) => learn(reader, name, args, hint))
    calls[name] = (...args) => ask(args)
    if (name !== 'stat' && name !== 'readFile' && name !== 'readdir') continue
    calls[name] = (...args) => {
      const known = peek(reader, name, args)
      if (known === 'ENOENT') throw new VolumeError('ENOENT')
      return known ?? ask(args)
    }
  }
  return calls as unknown as SyncVolumeCalls
}

function peek(reader: CacheReader, name: 'stat' | 'readFile' | 'readdir', args: readonly unknown[]): unknown {
  const [caller, path, followLast] = args as [Caller, string, boolean]
  switch (name) {
    case 'stat':
      return reader.stat(caller, path, followLast)
    case 'readFile':
      return reader.readFile(caller, path)
    case 'readdir':
      return reader.readdir(caller, path)
  }
}

function learn(reader: CacheReader, name: CallName, args: readonly unknown[], hint: CacheHint): void {
  reader.learn(name, args[1] as string, args[2] === true, hint)
}

export function closedVolume(): VolumeError {
  return new VolumeError('EBADF', { message: 'the volume is closed' })
}
