"""The jobs, one file each: declaring a job here is all it takes to add one."""
