// What `npm publish` would send: everything the exports and the command name, nothing else.

import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { projectRoot } from './source-tree.ts'

interface Manifest {
  readonly exports: Readonly<Record<string, string | Readonly<Record<string, string>>>>
  readonly bin: Readonly<Record<string, string>>
}

const wanted = ['LICENSE', 'README.md', 'CHANGELOG.md', 'package.json']

function checkPackage(published: readonly string[], manifest: Manifest): readonly string[] {
  const has = new Set(published)
  const targets = Object.values(manifest.exports).flatMap((target) =>
    typeof target === 'string' ? [target] : Object.values(target),
  )
  const named = [...targets, ...Object.values(manifest.bin)].map((path) => path.replace(/^\.\//, ''))
  return [
    ...[...wanted, ...named].filter((path) => !has.has(path)).map((path) => `${path}: named but not published`),
    ...published
      .filter((path) => !wanted.includes(path) && !/^dist\/.+\.(js|d\.ts|js\.map)$/.test(path))
      .map((path) => `${path}: published but of no use to users`),
  ]
}

const soundManifest: Manifest = { exports: { '.': { default: './dist/index.js' } }, bin: { bucketfs: 'dist/main.js' } }
const soundFiles = [...wanted, 'dist/index.js', 'dist/main.js']

/** Paths that `npm publish` would send. */
function published(): string[] {
  const report = execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
    cwd: projectRoot,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  const [pack] = JSON.parse(report) as { files: { path: string }[] }[]
  return (pack?.files ?? []).map(({ path }) => path)
}

describe('the published package', () => {
  it('holds what its manifest names and nothing else', () => {
    const manifest = JSON.parse(readFileSync(`${projectRoot}package.json`, 'utf8')) as Manifest
    expect(checkPackage(published(), manifest)).toEqual([])
  })

  it('holds nothing that no source makes', () => {
    const stale = published()
      .filter((path) => path.startsWith('dist/'))
      .filter(
        (path) => !existsSync(projectRoot + path.replace('dist/', 'src/').replace(/(\.d\.ts|\.js|\.js\.map)$/, '.ts')),
      )
    expect(stale).toEqual([])
  })

  it('starts its command by a hash-bang', () => {
    const manifest = JSON.parse(readFileSync(`${projectRoot}package.json`, 'utf8')) as Manifest
    for (const path of Object.values(manifest.bin))
      expect(readFileSync(projectRoot + path, 'utf8')).toMatch(/^#!\/usr\/bin\/env node\n/)
  })
})

describe('the check of the published package', () => {
  it('passes a sound one', () => {
    expect(checkPackage(soundFiles, soundManifest)).toEqual([])
  })

  it('finds an export that is missing', () => {
    expect(
      checkPackage(
        soundFiles.filter((path) => path !== 'dist/index.js'),
        soundManifest,
      ),
    ).toHaveLength(1)
  })

  it('finds a source that slipped in', () => {
    expect(checkPackage([...soundFiles, 'src/index.ts'], soundManifest)).toHaveLength(1)
  })
})
