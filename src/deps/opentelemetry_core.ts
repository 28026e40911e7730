/** Readers of the headers by which traces go from one program to the next. */
export {
  CompositePropagator,
  W3CBaggagePropagator,
  W3CTraceContextPropagator,
} from "npm:@opentelemetry/core@3.1.0";
