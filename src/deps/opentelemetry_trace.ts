/** Makes traces, chooses which, and sends them in batches. */
export {
  AlwaysOffSampler,
  BatchSpanProcessor,
  ParentBasedSampler,
  type Sampler,
  TraceIdRatioBasedSampler,
  TracerProvider,
} from "npm:@opentelemetry/sdk-trace@3.1.0";
