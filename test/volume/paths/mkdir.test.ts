// mkdir with slashes behind the last name, as Linux and Node answer it.

import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openKit, root, type VolumeKit } from '../../support/volume-kit.ts'

const links = { link: 'file', dirlink: 'dir', broken: 'nowhere', loop: 'loop' }

const paths = [
  ...['file', 'file/', 'file/x', 'file/x/', 'dir/', 'dir/new/', 'dir/../new/', 'missing/', 'missing//', 'missing/x/'],
  ...[
    'missing//x//',
    'link/',
    'link/x/',
    'dirlink',
    'dirlink/',
    'dirlink/new/',
    'broken',
    'broken/',
    'broken/x',
    'loop/',
  ],
]

let control: string
let kit: VolumeKit
let count = 0

beforeAll(async () => {
  control = mkdtempSync(join(tmpdir(), 'bucketfs-mkdir-'))
  kit = await openKit()
})

afterAll(async () => {
  rmSync(control, { recursive: true })
  await kit.close()
})

async function ours(path: string, recursive: boolean): Promise<string> {
  const at = `/${++count}`
  await kit.calls.mkdir(root, `${at}/dir`, 0o755, true)
  await kit.write(`${at}/file`, 'x')
  for (const [name, target] of Object.entries(links)) await kit.calls.symlink(root, target, `${at}/${name}`)
  return kit.calls.mkdir(root, `${at}/${path}`, 0o755, recursive).then(
    (made) => (recursive ? String(made ?? undefined).replace(at, '') : 'made'),
    (error: { code: string }) => error.code,
  )
}

function nodes(path: string, recursive: boolean): string {
  const at = join(control, String(++count))
  mkdirSync(join(at, 'dir'), { recursive: true })
  writeFileSync(join(at, 'file'), 'x')
  for (const [name, target] of Object.entries(links)) symlinkSync(target, join(at, name))
  try {
    const made = mkdirSync(`${at}/${path}`, { recursive })
    return recursive ? String(made).replace(at, '') : 'made'
  } catch (error) {
    return (error as { code: string }).code
  }
}

describe.each([false, true])('mkdir, recursive: %s', (recursive) => {
  it.each(paths)('of %s is as on a local disk', async (path) => {
    expect(await ours(path, recursive)).toBe(nodes(path, recursive))
  })
})
