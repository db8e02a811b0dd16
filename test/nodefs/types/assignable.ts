// Compiled, never run: what createFs gives is node:fs to whoever asks for it, without a cast.

import type fs from 'node:fs'
import type * as fsNamespace from 'node:fs'
import type promises from 'node:fs/promises'
import { createFs } from '../../../src/nodefs/create-fs.ts'
import type { EngineClient } from '../../../src/engine/engine-client.ts'

declare const client: EngineClient

const ours = createFs(client, { cwd: '/work', dev: 7 })

export const whole: typeof fs = ours
export const namespace: typeof fsNamespace = ours
export const promised: typeof promises = ours.promises
export const few: Pick<typeof fs, 'readFileSync' | 'statSync' | 'createReadStream' | 'watch'> = ours

/** Overloads survive. */
export const text: string = ours.readFileSync('/a', 'utf8')
export const bytes: Buffer = ours.readFileSync('/a')
export const big: bigint = ours.statSync('/a', { bigint: true }).size
export const maybe: fs.Stats | undefined = ours.statSync('/a', { throwIfNoEntry: false })
export const dirents: Promise<fs.Dirent[]> = ours.promises.readdir('/a', { withFileTypes: true })
export const cwdByFunction: typeof fs = createFs(client, { cwd: () => '/work' })

// @ts-expect-error a wrong use must not compile, or nothing above says anything
export const wrong: number = ours.readFileSync('/a', 'utf8')
