#!/bin/sh
# One process on each machine of the file hosts: sh openmpi.sh hosts large.txt
# Without a file of hosts, two processes on this machine: sh openmpi.sh "" large.txt
if [ -n "$1" ]; then
  mpirun --hostfile "$1" --map-by ppr:1:node textgen train "$2" --machines auto
else
  mpirun -n 2 textgen train "$2" --machines auto
fi
