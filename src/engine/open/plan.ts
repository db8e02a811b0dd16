// From URL, options and environment to a plan: plain data that crosses into the engine's thread, plus the parts that are
// code, which only an inline engine can be given. Everything a program got wrong is thrown here, before any thread starts.

import { homedir } from 'node:os'
import { resolve } from 'node:path'
import type { Clock } from '../../base/clock.ts'
import type { Logger } from '../../base/log.ts'
import type { CredentialsOption } from '../../store/s3/credentials.ts'
import type { ObjectStore } from '../../store/store.ts'
import { resolveSettings, settingsTable } from '../../volume/settings.ts'
import type { VolumeSettings } from '../../volume/settings.ts'
import { processCaller } from '../identity.ts'
import { environmentName, settingsFromEnvironment } from './environment.ts'
import type { Environment } from './environment.ts'
import { codeOptions, isModuleOption, isPlainData, optionNames } from './options.ts'
import type { CodeOption, OpenVolumeOptions } from './options.ts'
import { normalizeEndpoint, parseVolumeUrl, volumeLabel } from './volume-url.ts'
import type { VolumeUrl } from './volume-url.ts'

export interface ModulePlan {
  readonly module: string
  readonly data: unknown
}

export interface VolumePlan {
  readonly url: VolumeUrl
  readonly label: string
  readonly settings: VolumeSettings
  readonly modules: Readonly<Partial<Record<CodeOption, ModulePlan>>>
  /** Options of the S3 store that are plain data. */
  readonly s3: {
    readonly endpoint: string | undefined
    readonly region: string | undefined
    readonly credentials: CredentialsOption | undefined
    readonly forcePathStyle: boolean | undefined
    readonly ca: string | undefined
    readonly insecureTls: boolean | undefined
  }
  readonly journalDir: string | undefined
  readonly cacheDir: string | undefined
  /** Per-user roots for the defaults. */
  readonly stateHome: string
  readonly cacheHome: string
}

/** Parts given as objects; `engine: 'inline'` only. */
export interface GivenParts {
  readonly store?: ObjectStore | undefined
  readonly clock?: Clock | undefined
  readonly logger?: Logger | undefined
  readonly credentials?: CredentialsOption | undefined
}

export interface Planned {
  readonly plan: VolumePlan
  readonly given: GivenParts
  readonly engine: 'worker' | 'inline'
}

/** TypeError, RangeError or VolumeUrlError (ERR_INVALID_URL), each naming the option, variable or URL. */
export function planVolume(input: string | URL, options: OpenVolumeOptions, environment: Environment): Planned {
  const url = withService(parseVolumeUrl(input), options, environment)
  checkNames(options)
  const engine = engineOf(options, environment)
  const { modules, given } = splitCode(options, engine)
  const home = environment['HOME'] || homedir()
  const plan: VolumePlan = {
    url,
    label: volumeLabel(url),
    settings: settingsOf(options, environment),
    modules,
    s3: {
      endpoint: url.kind === 's3' ? url.endpoint : undefined,
      region: url.kind === 's3' ? url.region : undefined,
      credentials:
        engine === 'worker' && !modules.credentials
          ? (options.credentials as CredentialsOption | undefined)
          : undefined,
      forcePathStyle: options.forcePathStyle,
      ca: options.ca,
      insecureTls: options.insecureTls,
    },
    journalDir: folder(options.journalDir ?? environment[environmentName('journalDir')]),
    cacheDir: folder(options.cacheDir ?? environment[environmentName('cacheDir')]),
    stateHome: xdg(environment['XDG_STATE_HOME'], `${home}/.local/state`),
    cacheHome: xdg(environment['XDG_CACHE_HOME'], `${home}/.cache`),
  }
  return { plan, given, engine }
}

function withService(url: VolumeUrl, options: OpenVolumeOptions, environment: Environment): VolumeUrl {
  if (url.kind !== 's3') return url
  const { AWS_ENDPOINT_URL_S3: endpointS3, AWS_ENDPOINT_URL: endpointAny } = environment
  const given = options.endpoint === undefined ? undefined : normalizeEndpoint(options.endpoint, 'endpoint')
  const variable = environment[environmentName('endpoint')] || endpointS3 || endpointAny || undefined
  const endpoint = given ?? url.endpoint ?? (variable && normalizeEndpoint(variable, 'the endpoint of the environment'))
  return {
    ...url,
    endpoint,
    region: options.region ?? url.region ?? (environment[environmentName('region')] || undefined),
  }
}

function settingsOf(options: OpenVolumeOptions, environment: Environment): VolumeSettings {
  const chosen: Record<string, unknown> = { ...settingsFromEnvironment(environment) }
  for (const { name } of settingsTable) if (options[name] !== undefined) chosen[name] = options[name]
  const settings = resolveSettings(chosen as Partial<VolumeSettings>)
  const { uid, gid } = processCaller()
  return { ...settings, uid: settings.uid === -1 ? uid : settings.uid, gid: settings.gid === -1 ? gid : settings.gid }
}

/** A misspelt option must not be a silent default. */
function checkNames(options: OpenVolumeOptions): void {
  for (const name of Object.keys(options)) {
    if (!optionNames.includes(name) && !settingsTable.some((setting) => setting.name === name))
      throw new TypeError(`unknown option ${name}`)
  }
}

function engineOf(options: OpenVolumeOptions, environment: Environment): 'worker' | 'inline' {
  const engine = options.engine ?? (environment[environmentName('engine')] || 'worker')
  if (engine === 'worker' || engine === 'inline') return engine
  throw new RangeError(`engine must be 'worker' or 'inline', not ${JSON.stringify(engine)}`)
}

function splitCode(
  options: OpenVolumeOptions,
  engine: 'worker' | 'inline',
): { modules: VolumePlan['modules']; given: GivenParts } {
  const modules: Partial<Record<CodeOption, ModulePlan>> = {}
  const given: Record<string, unknown> = {}
  for (const name of codeOptions) {
    const value = options[name]
    if (value === undefined) continue
    if (isModuleOption(value)) {
      if (!isPlainData(value.data))
        throw new TypeError(`${name}.data must be plain data: it crosses into the engine's thread`)
      modules[name] = { module: String(value.module), data: value.data }
    } else if (engine === 'inline') given[name] = value
    else if (name !== 'credentials' || !isPlainData(value))
      throw new TypeError(
        `${name} is code, which cannot cross into the engine's thread: give { module, data } (it is loaded there), or engine: 'inline'`,
      )
  }
  return { modules, given }
}

function folder(path: string | undefined): string | undefined {
  return path ? resolve(path) : undefined
}

/** The XDG specification: a relative path is ignored. */
function xdg(path: string | undefined, fallback: string): string {
  return path?.startsWith('/') ? path : fallback
}
