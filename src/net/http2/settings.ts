import type { Buffer } from "node:buffer";
import {
  ErrorCode,
  LARGEST_MAX_FRAME_BYTES,
  LARGEST_WINDOW_BYTES,
  SettingId,
  SMALLEST_MAX_FRAME_BYTES,
} from "./protocol.ts";

const SETTING_BYTES = 6;

/** Takes the settings of a peer that mean something to a server. */
export interface SettingsTarget {
  headerTableSize(sizeBytes: number): void;
  /** False if this makes a window of some stream too large. */
  initialWindowSize(sizeBytes: number): boolean;
  maxFrameSize(sizeBytes: number): void;
}

/** Applies the payload of a SETTINGS frame in order; returns the error code of a bad one. */
export function applySettings(
  bytes: Buffer,
  start: number,
  end: number,
  target: SettingsTarget,
): number {
  if ((end - start) % SETTING_BYTES !== 0) return ErrorCode.FRAME_SIZE_ERROR;
  for (let i = start; i < end; i += SETTING_BYTES) {
    const errorCode = applySetting(bytes.readUInt16BE(i), bytes.readUInt32BE(i + 2), target);
    if (errorCode !== ErrorCode.NO_ERROR) return errorCode;
  }
  return ErrorCode.NO_ERROR;
}

function applySetting(id: number, value: number, target: SettingsTarget): number {
  switch (id) {
    case SettingId.HEADER_TABLE_SIZE:
      target.headerTableSize(value);
      return ErrorCode.NO_ERROR;
    case SettingId.ENABLE_PUSH:
      return value > 1 ? ErrorCode.PROTOCOL_ERROR : ErrorCode.NO_ERROR;
    case SettingId.INITIAL_WINDOW_SIZE:
      if (value > LARGEST_WINDOW_BYTES) return ErrorCode.FLOW_CONTROL_ERROR;
      return target.initialWindowSize(value) ? ErrorCode.NO_ERROR : ErrorCode.FLOW_CONTROL_ERROR;
    case SettingId.MAX_FRAME_SIZE:
      if (value < SMALLEST_MAX_FRAME_BYTES || value > LARGEST_MAX_FRAME_BYTES) {
        return ErrorCode.PROTOCOL_ERROR;
      }
      target.maxFrameSize(value);
      return ErrorCode.NO_ERROR;
    default:
      return ErrorCode.NO_ERROR;
  }
}
