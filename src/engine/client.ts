// The calls of one thread, over whatever carries them: the shared cache first where an answer may come from it, the
// engine otherwise.

import { VolumeError } from '../base/errors.ts'
import type { VolumeCalls } from '../volume/calls.ts'
import type { Caller, VolumeEvent } from '../volume/types.ts'
import type { EngineClient, SyncVolumeCalls } from './engine-client.ts'
import { processCaller } from './identity.ts'
import { callNames, callTraits } from './rpc/call-names.ts'
import type { CallName, MethodName } from './rpc/call-names.ts'
import type { CacheHint } from './rpc/messages.ts'
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
  for (const name of callNames) {
    calls[name] =
      callTraits[name].effect === 'publishes'
        ? (...args) => transport.call(name, args, (hint) => learn(reader, name, args, hint))
        : (...args) => transport.call(name, args)
  }
  return calls as unknown as VolumeCalls
}

function createSyncCalls(transport: Transport, reader: CacheReader): SyncVolumeCalls {
  const calls: Record<string, (...args: readonly unknown[]) => unknown> = {}
  const ask = (name: CallName, args: readonly unknown[]): unknown =>
    transport.callSync(name, args, (hint) => learn(reader, name, args, hint))
  for (const name of callNames) calls[name] = (...args) => ask(name, args)
  calls['stat'] = (...args) => {
    const known = reader.stat(args[0] as Caller, args[1] as string, args[2] as boolean)
    if (known === 'ENOENT') throw new VolumeError('ENOENT')
    return known ?? ask('stat', args)
  }
  calls['readFile'] = (...args) => reader.readFile(args[0] as Caller, args[1] as string) ?? ask('readFile', args)
  calls['readdir'] = (...args) => reader.readdir(args[0] as Caller, args[1] as string) ?? ask('readdir', args)
  return calls as unknown as SyncVolumeCalls
}

function learn(reader: CacheReader, name: CallName, args: readonly unknown[], hint: CacheHint): void {
  reader.learn(name, args[1] as string, args[2] === true, hint)
}

export function closedVolume(): VolumeError {
  return new VolumeError('EBADF', { message: 'the volume is closed' })
}
