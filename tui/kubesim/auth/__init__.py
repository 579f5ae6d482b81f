"""Who asks and what they may do; the authority and the kubeconfigs that clients come with."""
