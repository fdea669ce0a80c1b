// Gives the SDK's objects the method by which notebooks show them; imported for that effect.
import "./dataset.js";
import "./environment.js";
import "./evaluation-report.js";
import "./policy.js";
import "./rollout.js";
import "./run.js";
import "./sensitivity.js";
